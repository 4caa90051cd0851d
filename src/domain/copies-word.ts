export const copiesWord = (count: number): string => (count === 1 ? '1 copy' : `${count} copies`);
