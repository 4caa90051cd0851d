/** What an event's payload holds: all but its type, which stands in the envelope. */
export type FieldsOfEvent<Event extends { readonly type: string }> = Omit<Event, 'type'>;
