export { createLogger } from '../../runtime/index.js';
