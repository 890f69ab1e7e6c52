// npm cannot read `workspace:*` dependencies; say so in one line instead of failing in the middle.
if (!process.env.npm_config_user_agent?.startsWith('pnpm')) {
  console.error(
    'This is a pnpm workspace: run `npm start` or `npm test` (they set everything up), or `npx pnpm@10.34.9 install`.',
  );
  process.exit(1);
}
