# The image of one binary: docker build --build-arg BIN=svc-orders --tag tradewind/svc-orders .
# BIN is edge, a service of the list in runtime/src/services.rs, or tradewind, which runs everything
# in one process (its data is in /data).

FROM rust:1.95-bookworm AS build
ARG BIN=tradewind
WORKDIR /source
COPY . .
# Static, so that the image needs nothing else. The explicit target keeps build scripts and
# procedural macros dynamic, which they must be.
RUN --mount=type=cache,target=/source/target \
    --mount=type=cache,target=/usr/local/cargo/registry \
    target=$(rustc -vV | sed -n 's/^host: //p') && \
    RUSTFLAGS="-C target-feature=+crt-static" \
    cargo build --locked --profile dist --target "$target" --bin "$BIN" && \
    mkdir --parents /image/data /image/tmp /image/etc/ssl/certs && \
    cp "target/$target/dist/$BIN" /image/service && \
    cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch
COPY --from=build --chown=65532:65532 /image /
USER 65532:65532
ENV DATA_DIR=/data TMPDIR=/tmp
ENTRYPOINT ["/service"]
