#pragma once
#include <microhttpd.h>
#include <string.h>
#include <sys/eventfd.h>

/* Escapes in a request's target stay as they are: the server reads them itself, strictly. */
static inline size_t retrain_http_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  return strlen(text);
}

/* MHD_start_daemon and the questions for information are variadic, which Swift does not import. */
#define RETRAIN_HTTP_OPTIONS                                                                                          \
  MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_NOTIFY_COMPLETED, completed, context, MHD_OPTION_NOTIFY_CONNECTION,       \
      visited, context, MHD_OPTION_UNESCAPE_CALLBACK, retrain_http_keep_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT,   \
      connections_max, MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,               \
      (size_t)32768, listener >= 0 ? MHD_OPTION_LISTEN_SOCKET : MHD_OPTION_END, listener, MHD_OPTION_END

/* `listener` is a socket that listens already, the daemon's from now on; -1: it listens on `address`. `certificates` is a
 * gnutls_certificate_retrieve_function3; NULL: plain HTTP. */
static inline struct MHD_Daemon *retrain_http_start(
    unsigned int flags, const struct sockaddr *address, MHD_AccessHandlerCallback handler,
    MHD_RequestCompletedCallback completed, MHD_NotifyConnectionCallback visited, void *context, int listener,
    unsigned int connections_max, unsigned int idle_seconds, const void *certificates) {
  if (!certificates) return MHD_start_daemon(flags, 0, NULL, NULL, handler, context, RETRAIN_HTTP_OPTIONS);
  return MHD_start_daemon(
      flags | MHD_USE_TLS, 0, NULL, NULL, handler, context, MHD_OPTION_HTTPS_CERT_CALLBACK2, certificates,
      MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", RETRAIN_HTTP_OPTIONS);
}

static inline int retrain_http_listener(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_LISTEN_FD);
  return info ? (int)info->listen_fd : -1;
}

/* Readable once it was written to. */
static inline int retrain_http_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/* Readable whenever there is something to run. */
static inline int retrain_http_events(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  return info ? info->epoll_fd : -1;
}

static inline uint16_t retrain_http_port(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
  return info ? info->port : 0;
}

/* Whether a connection comes; otherwise it goes. */
static inline int retrain_http_comes(enum MHD_ConnectionNotificationCode event) {
  return event == MHD_CONNECTION_NOTIFY_STARTED;
}

/* What was kept with the connection when it came. */
static inline void *retrain_http_visitor(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

static inline int retrain_http_descriptor(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? (int)info->connect_fd : -1;
}

static inline const struct sockaddr *retrain_http_client(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  return info ? info->client_addr : NULL;
}
