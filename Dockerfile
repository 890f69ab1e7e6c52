# syntax=docker/dockerfile:1
# The weightmap command with the native engine: `docker build --tag weightmap .`; how to use it: docs/guides/in-a-container.md

ARG NODE_IMAGE=node:22-bookworm-slim

# Builds the command, links TensorFlow and compiles the fused kernels. Nothing of this stage but two folders is in the image.
FROM ${NODE_IMAGE} AS build
# The versions are those of the base image's Debian release.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates g++ python3 python3-pip \
  && rm -rf /var/lib/apt/lists/*
ENV NX_DAEMON=false XDG_CACHE_HOME=/opt/cache
WORKDIR /source
COPY . .
RUN npm run setup \
  && npx nx run-many --targets=build --projects=experiments,explorer \
  && node tools/release/copy-page.mjs \
  && npx --yes "$(node -p 'require("./package.json").packageManager')" --filter=weightmap deploy --legacy --prod /opt/weightmap
# In the place where it will run: the link to the library is absolute.
RUN node /opt/weightmap/node_modules/@weightmap/engine/install/cli.mjs install --force \
  && chmod -R go=rX /opt/cache

FROM ${NODE_IMAGE}
COPY --from=build /opt/weightmap /opt/weightmap
COPY --from=build /opt/cache/weightmap/libtensorflow /opt/cache/weightmap/libtensorflow
# The library stays where root owns it; datasets that are downloaded, and runs, go to the volume.
RUN ln -s /opt/weightmap/dist/cli.js /usr/local/bin/weightmap \
  && mkdir /data && chown 1000:1000 /data
ENV NODE_ENV=production WEIGHTMAP_DATA=/data/datasets XDG_CACHE_HOME=/data/cache
USER 1000
WORKDIR /data
VOLUME /data
ENTRYPOINT ["weightmap"]
CMD ["--help"]
