/**
 * \file
 * Rolegate for C and for every language that can call C: logins for databases that accept an AWS IAM role
 * instead of a password.
 *
 *   rolegate_client *client = rolegate_open(NULL);
 *   rolegate_login *login = client ? rolegate_log_in(client, "orders", 0) : NULL;
 *   if (!login) fprintf(stderr, "%s\n", rolegate_last_error());
 *   ...
 *   rolegate_login_free(login);
 *   rolegate_close(client);
 *
 * Thread-safe: one client serves a whole program, and should, because role credentials are shared through it.
 * The last error is kept for each thread. No function takes NULL for a client but rolegate_close.
 * A client works in a child of fork() too (with caches of its own), and each process closes it for itself.
 */
#ifndef ROLEGATE_H
#define ROLEGATE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROLEGATE_C_EXPORT __attribute__((visibility("default")))

typedef struct rolegate_client rolegate_client;

/** What a database accepts once. The texts are owned by the login and end in NUL; none is NULL. */
typedef struct rolegate_login {
  const char* user;
  const char* password;  /**< wiped by rolegate_login_free */
  const char* host;      /**< the endpoint, and the name its certificate must carry */
  const char* dial_host; /**< where to connect: connect_to if configured, else host */
  const char* database;  /**< the database or schema at the server; may be empty */
  const char* sslmode;   /**< "verify-full", "verify-ca" or "require" */
  int64_t expires_at;    /**< seconds since 1970; 0: never */
  uint16_t port;
  uint16_t dial_port;
} rolegate_login;

/** Reads a configuration; NULL looks in the usual places. NULL on failure: see rolegate_last_error. */
ROLEGATE_C_EXPORT rolegate_client* rolegate_open(const char* config_file);

/** Makes one login. timeout_ms 0: the database's connect_timeout, else 30 s. NULL on failure. */
ROLEGATE_C_EXPORT rolegate_login* rolegate_log_in(rolegate_client* client, const char* database,
                                                  int64_t timeout_ms);

/** Wipes and frees a login; NULL is allowed. */
ROLEGATE_C_EXPORT void rolegate_login_free(rolegate_login* login);

/** Frees a client; NULL is allowed. Logins made with it stay valid. */
ROLEGATE_C_EXPORT void rolegate_close(rolegate_client* client);

/** Message and hint of this thread's last failure; "" when there was none. Valid until this thread's next
 * call. */
ROLEGATE_C_EXPORT const char* rolegate_last_error(void);
/** Its stable code ("assume_role_denied"), hint, and AWS request id; "" when there is none. */
ROLEGATE_C_EXPORT const char* rolegate_last_error_code(void);
ROLEGATE_C_EXPORT const char* rolegate_last_error_hint(void);
ROLEGATE_C_EXPORT const char* rolegate_last_aws_request_id(void);

/** "0.1.0" */
ROLEGATE_C_EXPORT const char* rolegate_version(void);

#ifdef __cplusplus
}
#endif

#endif
