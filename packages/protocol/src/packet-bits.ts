/**
 * Sets of packets as bits, `1 << type` for each packet type: for tables of what belongs where. Bit 0, which no packet
 * has, stands for the will in a CONNECT, whose properties are its own.
 */
export const will = 1;
export const connect = 1 << 1;
export const connack = 1 << 2;
export const publish = 1 << 3;
export const puback = 1 << 4;
export const pubrec = 1 << 5;
export const pubrel = 1 << 6;
export const pubcomp = 1 << 7;
export const subscribe = 1 << 8;
export const suback = 1 << 9;
export const unsubscribe = 1 << 10;
export const unsuback = 1 << 11;
export const pingreq = 1 << 12;
export const pingresp = 1 << 13;
export const disconnect = 1 << 14;
export const auth = 1 << 15;
