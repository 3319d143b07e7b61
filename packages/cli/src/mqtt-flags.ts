import type { Flag } from './command.ts';

const connection = 'Connection';
const session = 'Session';
const will = 'Last will';
const tls = 'TLS';
const output = 'Troubleshooting';

/** The flags that `pub` and `sub` share; names and meanings are those of mosquitto_pub and mosquitto_sub. */
export const mqttFlags: readonly Flag[] = [
  { long: 'host', short: 'h', value: 'HOST', group: connection, help: 'Broker to connect to. Default: localhost.' },
  {
    long: 'port',
    short: 'p',
    value: 'PORT',
    group: connection,
    help: 'Its port. Default: 1883, with TLS 8883; for WebSockets 80 and 443.',
  },
  {
    long: 'url',
    short: 'L',
    value: 'URL',
    group: connection,
    help: 'User, password, host, port and topic in one: mqtt://[USER[:PASSWORD]@]HOST[:PORT]/TOPIC, or mqtts:// for TLS. For WebSockets ws://HOST[:PORT]/PATH or wss://, with the path of the endpoint (default /mqtt) and the topic in -t; for a Unix domain socket unix:///PATH.',
  },
  {
    long: 'unix',
    value: 'PATH',
    group: connection,
    help: 'Connect through a Unix domain socket instead of host and port.',
  },
  {
    long: 'header',
    value: 'NAME:VALUE',
    multiple: true,
    group: connection,
    help: 'Send this HTTP header when opening a WebSocket. May be repeated.',
  },
  { long: 'bind', short: 'A', value: 'ADDRESS', group: connection, help: 'Local address to connect from.' },
  { long: 'username', short: 'u', value: 'NAME', group: connection, help: 'User name to log in with.' },
  {
    long: 'pw',
    short: 'P',
    value: 'PASSWORD',
    group: connection,
    help: 'Password to log in with. Everybody on this machine can read it in the list of processes.',
  },
  {
    long: 'password-file',
    value: 'FILE',
    group: connection,
    help: 'Read the password from the first line of a file, where the list of processes does not show it.',
  },
  {
    long: 'password-env',
    value: 'NAME',
    group: connection,
    help: 'Take the password from an environment variable.',
  },
  {
    long: 'protocol-version',
    short: 'V',
    value: 'VERSION',
    group: connection,
    help: 'MQTT version: 5, 311 or 31, also written mqttv5, mqttv311, mqttv31. Default: 311; -D and -x make it 5.',
  },
  {
    long: 'keepalive',
    short: 'k',
    value: 'SECONDS',
    group: connection,
    help: 'Longest silence before a ping, 0 = never ping. Default: 60.',
  },
  {
    long: 'property',
    short: 'D',
    value: 'PACKET PROPERTY VALUE',
    multiple: true,
    group: connection,
    help: 'Add an MQTT 5 property to a packet: -D connect receive-maximum 10. User properties take a name and a value: -D connect user-property NAME VALUE.',
  },
  { long: 'nodelay', group: connection, help: 'Accepted for compatibility: packets are always sent without delay.' },
  { long: 'id', short: 'i', value: 'ID', group: session, help: 'Client identifier. Default: a random one.' },
  {
    long: 'id-prefix',
    short: 'I',
    value: 'PREFIX',
    group: session,
    help: 'Client identifier made of this and the process id.',
  },
  {
    long: 'disable-clean-session',
    short: 'c',
    group: session,
    help: 'Keep the session: subscriptions and QoS 1 and 2 messages wait at the broker while we are away. Needs -i.',
  },
  {
    long: 'session-expiry',
    short: 'x',
    value: 'SECONDS',
    group: session,
    help: 'MQTT 5: how long the broker keeps the session after we left; -1 = for ever. Default: -1 with -c, else 0.',
  },
  {
    long: 'will-topic',
    value: 'TOPIC',
    group: will,
    help: 'Topic of the message that the broker sends when we vanish.',
  },
  { long: 'will-payload', value: 'TEXT', group: will, help: 'Its payload. Default: empty.' },
  { long: 'will-qos', value: 'QOS', group: will, help: 'Its QoS: 0, 1 or 2. Default: 0.' },
  { long: 'will-retain', group: will, help: 'Have it retained.' },
  {
    long: 'cafile',
    value: 'FILE',
    group: tls,
    help: 'Trust the certificate authorities in this PEM file; turns TLS on.',
  },
  { long: 'capath', value: 'DIR', group: tls, help: 'Trust all .crt and .pem files in this folder; turns TLS on.' },
  { long: 'tls-use-os-certs', group: tls, help: 'Trust what the operating system trusts; turns TLS on.' },
  {
    long: 'cert',
    value: 'FILE',
    group: tls,
    help: 'Our own certificate (PEM), where the broker wants one. Needs --key.',
  },
  { long: 'key', value: 'FILE', group: tls, help: 'Its private key (PEM). Needs --cert.' },
  { long: 'insecure', group: tls, help: 'Do not check that the certificate is for this host name. For tests only.' },
  {
    long: 'tls-version',
    value: 'VERSION',
    group: tls,
    help: 'Only this version: tlsv1.3 or tlsv1.2. Default: either.',
  },
  {
    long: 'tls-alpn',
    value: 'NAME',
    group: tls,
    help: 'Application protocol to ask for, where a port serves several.',
  },
  { long: 'ciphers', value: 'LIST', group: tls, help: 'OpenSSL list of the ciphers to allow.' },
  { long: 'debug', short: 'd', group: output, help: 'Show every packet on standard error.' },
  { long: 'quiet', group: output, help: 'Print no errors of running; the exit code still tells.' },
];
