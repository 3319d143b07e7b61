import { mosquitto } from '../support/peers/index.ts';
import { faultTests } from './fault-tests.ts';

faultTests('mosquitto', mosquitto);
