// A table of the vendor's fields and the canonical ones, read in both directions.

/** Rows of the vendor's member, the canonical JSON pointer, and what is done on the way in and out. */
export function mapping(rows) {
  const parsed = rows.map(([vendor, pointer, convert = {}]) => ({ vendor, pointer, path: pointer.split("/").slice(1), convert }));
  return {
    canonical: (vendor) => parsed.find((row) => row.vendor === vendor)?.pointer,
    vendor: (pointer) => parsed.find((row) => row.pointer === pointer)?.vendor,
    lift(record) {
      const object = {};
      for (const { vendor, path, convert } of parsed) {
        const value = record[vendor];
        if (value !== undefined && value !== null) put(object, path, convert.lift ? convert.lift(value) : value);
      }
      return object;
    },
    lower(object) {
      const record = {};
      for (const { vendor, path, convert } of parsed) {
        const value = path.reduce((at, name) => at?.[name], object);
        if (value !== undefined && value !== null) record[vendor] = convert.lower ? convert.lower(value) : value;
      }
      return record;
    },
  };
}

function put(object, path, value) {
  const last = path.length - 1;
  const holder = path.slice(0, last).reduce((at, name) => (at[name] ??= {}), object);
  holder[path[last]] = value;
}
