/* PAM module of the lab: asks the lab's verifier whether a database user may log in with the password it
 * sent.
 *
 * Why a module of our own: PostgreSQL and MariaDB reach IAM tokens through PAM (as Aurora PostgreSQL does),
 * and pam_exec hands at most 511 bytes of a password on, while a token has up to 4 KB and may grow.
 *
 * Line in /etc/pam.d/SERVICE:
 *   auth     required /path/pam_rolegate_lab.so socket=/path/verifier.sock database=NAME [timeout=SECONDS]
 *   account  required /path/pam_rolegate_lab.so
 *
 * Protocol (unix stream socket): we send DATABASE NUL USER NUL PASSWORD NUL and shut down writing; the
 * verifier answers one line, "allow" or "deny REASON". Anything else, or silence past the timeout, is a
 * denial. The password is never logged and our copy of it is wiped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { kMaxPassword = 1 << 20, kMaxAnswer = 1024, kDefaultTimeoutSeconds = 15 };

struct options {
  const char* socket_path;
  const char* database;
  int timeout_seconds;
};

static int read_options(pam_handle_t* pam, int argc, const char** argv, struct options* options) {
  options->socket_path = NULL;
  options->database = NULL;
  options->timeout_seconds = kDefaultTimeoutSeconds;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "socket=", 7) == 0) {
      options->socket_path = argv[i] + 7;
    } else if (strncmp(argv[i], "database=", 9) == 0) {
      options->database = argv[i] + 9;
    } else if (strncmp(argv[i], "timeout=", 8) == 0) {
      options->timeout_seconds = atoi(argv[i] + 8);
    } else {
      pam_syslog(pam, LOG_ERR, "unknown option '%s'", argv[i]);
      return 0;
    }
  }
  if (options->socket_path == NULL || options->database == NULL || options->timeout_seconds <= 0) {
    pam_syslog(pam, LOG_ERR, "needs socket=PATH database=NAME, and a timeout above 0");
    return 0;
  }
  return 1;
}

/* Asks for the password through the conversation itself: pam_get_authtok would keep a copy inside PAM. The
 * caller wipes and frees the answer. */
static char* ask_password(pam_handle_t* pam) {
  const void* item = NULL;
  if (pam_get_item(pam, PAM_CONV, &item) != PAM_SUCCESS || item == NULL) return NULL;
  const struct pam_conv* conversation = item;
  const struct pam_message message = {.msg_style = PAM_PROMPT_ECHO_OFF, .msg = "Password: "};
  const struct pam_message* messages = &message;
  struct pam_response* response = NULL;
  if (conversation->conv(1, &messages, &response, conversation->appdata_ptr) != PAM_SUCCESS) return NULL;
  if (response == NULL) return NULL;
  char* password = response->resp;
  free(response);
  return password;
}

static void wipe_and_free(char* secret) {
  if (secret == NULL) return;
  explicit_bzero(secret, strlen(secret));
  free(secret);
}

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the socket is ready for `events`; 0 when the deadline passes first. */
static int wait_for(int fd, short events, long long deadline) {
  for (;;) {
    const long long left = deadline - now_ms();
    if (left <= 0) return 0;
    struct pollfd entry = {.fd = fd, .events = events};
    const int ready = poll(&entry, 1, (int)left);
    if (ready > 0) return 1;
    if (ready < 0 && errno != EINTR) return 0;
  }
}

static int send_all(int fd, const char* bytes, size_t size, long long deadline) {
  while (size > 0) {
    if (!wait_for(fd, POLLOUT, deadline)) return 0;
    /* MSG_NOSIGNAL: a verifier that hangs up must not kill the database's process with SIGPIPE. */
    const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return 0;
    }
    bytes += sent;
    size -= (size_t)sent;
  }
  return 1;
}

/* Reads up to the first newline into `answer`; 0 when there is none in time or in kMaxAnswer bytes. */
static int read_line(int fd, char* answer, long long deadline) {
  size_t used = 0;
  while (used < kMaxAnswer - 1) {
    if (!wait_for(fd, POLLIN, deadline)) return 0;
    const ssize_t got = recv(fd, answer + used, kMaxAnswer - 1 - used, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return 0;
    used += (size_t)got;
    answer[used] = '\0';
    char* newline = strchr(answer, '\n');
    if (newline != NULL) {
      *newline = '\0';
      return 1;
    }
  }
  return 0;
}

static int connect_to(const char* path, int timeout_seconds) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  /* Bounds connect too: on a unix socket it blocks while the listener's queue is full. */
  const struct timeval limit = {.tv_sec = timeout_seconds};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (connect(fd, (const struct sockaddr*)&address, sizeof(address)) == 0) return fd;
  const int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

static int ask_verifier(pam_handle_t* pam, const struct options* options, const char* user,
                        const char* password) {
  const long long deadline = now_ms() + options->timeout_seconds * 1000LL;
  const int fd = connect_to(options->socket_path, options->timeout_seconds);
  if (fd < 0) {
    pam_syslog(pam, LOG_ERR, "cannot reach the verifier at %s: %s", options->socket_path, strerror(errno));
    return PAM_AUTH_ERR;
  }
  char answer[kMaxAnswer] = "";
  const int complete = send_all(fd, options->database, strlen(options->database) + 1, deadline) &&
                       send_all(fd, user, strlen(user) + 1, deadline) &&
                       send_all(fd, password, strlen(password) + 1, deadline) && shutdown(fd, SHUT_WR) == 0 &&
                       read_line(fd, answer, deadline);
  close(fd);
  if (!complete) {
    pam_syslog(pam, LOG_ERR, "no answer from the verifier about user '%s' of %s", user, options->database);
    return PAM_AUTH_ERR;
  }
  if (strcmp(answer, "allow") == 0) return PAM_SUCCESS;
  pam_syslog(pam, LOG_NOTICE, "user '%s' of %s: %s", user, options->database, answer);
  return PAM_AUTH_ERR;
}

int pam_sm_authenticate(pam_handle_t* pam, int flags, int argc, const char** argv) {
  (void)flags;
  struct options options;
  if (!read_options(pam, argc, argv, &options)) return PAM_SERVICE_ERR;
  const void* user = NULL;
  if (pam_get_item(pam, PAM_USER, &user) != PAM_SUCCESS || user == NULL) return PAM_USER_UNKNOWN;
  char* password = ask_password(pam);
  if (password == NULL) return PAM_AUTH_ERR;
  const int result = strnlen(password, kMaxPassword) < kMaxPassword
                         ? ask_verifier(pam, &options, user, password)
                         : PAM_AUTH_ERR;
  wipe_and_free(password);
  return result;
}

int pam_sm_setcred(pam_handle_t* pam, int flags, int argc, const char** argv) {
  (void)pam, (void)flags, (void)argc, (void)argv;
  return PAM_SUCCESS;
}

/* Whether the account may log in is part of the verifier's one decision. */
int pam_sm_acct_mgmt(pam_handle_t* pam, int flags, int argc, const char** argv) {
  (void)pam, (void)flags, (void)argc, (void)argv;
  return PAM_SUCCESS;
}
