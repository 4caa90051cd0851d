// npm run docs: writes the documents that are made from the source.
import { writeReference } from './check/reference.js';

writeReference();
