# The image of one binary, which is all it holds: make image BIN=svc-orders, or by hand
#   docker build --build-arg BIN=svc-orders --tag tradewind/svc-orders .
# BIN is edge, a service of the list in runtime/src/services.rs, or tradewind, which runs everything
# in one process (its data is in /data).
#   --target debug --output DIR   what was taken out of the binary: names and lines, for perf and gdb
#   --target sbom --output DIR    what the binary is made of (CycloneDX)
#   --build-context build=DIR     instead of building: DIR/image has it, laid out as below

FROM rust:1.95-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The list of its crates becomes a part of the binary, where scanners of images find it; and a file, with
# their licences.
RUN cargo install --locked cargo-auditable@0.7.7 cargo-cyclonedx@0.5.9
WORKDIR /source
COPY . .
ARG BIN=tradewind
# Static, so that the image needs nothing else. The explicit target keeps build scripts and
# procedural macros dynamic, which they must be. No path of this stage remains in the binary, so that
# it is the same wherever it was built.
RUN --mount=type=cache,target=/source/target \
    --mount=type=cache,target=/usr/local/cargo/registry \
    target=$(rustc -vV | sed -n 's/^host: //p'); \
    export CFLAGS="-ffile-prefix-map=$PWD=. -ffile-prefix-map=$CARGO_HOME=cargo"; \
    RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=$PWD=. --remap-path-prefix=$CARGO_HOME=cargo" \
    cargo auditable build --locked --profile dist --target "$target" --package "$BIN"; \
    mkdir --parents /debug /sbom /image/data /image/tmp /image/etc/ssl/certs; \
    built=target/$target/dist/$BIN; \
    objcopy --only-keep-debug "$built" "/debug/$BIN.debug"; \
    objcopy --strip-all --add-gnu-debuglink="/debug/$BIN.debug" "$built" /image/service; \
    cargo cyclonedx --quiet --format json --spec-version 1.5 --describe binaries --no-build-deps --target "$target"; \
    mv ./*/"${BIN}_bin.cdx.json" "/sbom/$BIN.cdx.json"; \
    cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch AS debug
COPY --from=build /debug /

FROM scratch AS sbom
COPY --from=build /sbom /

FROM scratch
ARG BIN=tradewind
ARG VERSION=
ARG REVISION=
ARG SOURCE=
LABEL org.opencontainers.image.title="$BIN" \
      org.opencontainers.image.description="Tradewind: a commerce back end of gRPC services behind a REST edge" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
COPY --from=build --chown=65532:65532 /image /
USER 65532:65532
ENV DATA_DIR=/data TMPDIR=/tmp
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/service", "healthcheck"]
ENTRYPOINT ["/service"]
