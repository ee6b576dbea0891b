# pgcordon as one static file, for a container without a shell, without root and
# with a read-only file system.
#
#   docker build -t pgcordon .
#   docker run --read-only -v "$PWD/pgcordon.yaml:/etc/pgcordon/pgcordon.yaml:ro" -p 6432:6432 pgcordon
#
# There is nothing in the image that could run a HEALTHCHECK: let the platform ask
# /healthz and /readyz where metrics.listen says. Send audit events to standard
# output (audit: {file: "-"}). What else writes a file (audit.file, admin.socket,
# admin.state) needs a mounted folder that user 65532 may write; the commands run in
# the container, as in `docker exec NAME /usr/bin/pgcordon sessions --config ...`.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# PostgreSQL's parser is C, hence cgo. The C library is linked in, and Go's own
# resolver and user lookup take the place of its.
RUN CGO_ENABLED=1 go build -trimpath -tags netgo,osusergo \
	-ldflags '-s -w -linkmode external -extldflags -static' \
	-o /pgcordon ./cmd/pgcordon

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /pgcordon /usr/bin/pgcordon
USER 65532:65532
# The port for clients, and the one for metrics, as the examples have them.
EXPOSE 6432 9432
ENTRYPOINT ["/usr/bin/pgcordon"]
CMD ["run", "--config", "/etc/pgcordon/pgcordon.yaml"]
