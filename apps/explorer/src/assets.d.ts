/** A binary as a `data:` address; tsup.config.ts makes it one. */
declare module '*.wasm' {
  const address: string;
  export default address;
}

/** A module bundled with all that it imports, as the text of a script; tsup.config.ts bundles it. */
declare module '*?script' {
  const text: string;
  export default text;
}
