import type { CollectiveEvent, EventType } from '../../catalogue/index.js';
import type { EventShape } from '../event-shape.js';
import { certificates } from './certificates.js';
import type { FieldsOfEvent } from './fields-of-event.js';
import { files } from './files.js';
import { members } from './members.js';
import { nodes } from './nodes.js';
import { uploads } from './uploads.js';

type EventOf<Type extends EventType> = Extract<CollectiveEvent, { readonly type: Type }>;

/** The shape of every event's payload: the compiler refuses a type of the catalogue that has none. */
export const EVENT_SHAPES: { readonly [Type in EventType]: EventShape<FieldsOfEvent<EventOf<Type>>> } = {
  ...members,
  ...certificates,
  ...nodes,
  ...uploads,
  ...files,
};
