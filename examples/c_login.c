/* One login from C: who logs in where, until when. The password is not printed.
 * Usage: c_login CONFIG DATABASE */
#include <rolegate/rolegate.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s CONFIG DATABASE\n", argv[0]);
    return 2;
  }
  rolegate_client* client = rolegate_open(argv[1]);
  rolegate_login* login = client ? rolegate_log_in(client, argv[2], 0) : NULL;
  if (login == NULL) {
    fprintf(stderr, "%s: %s\n", rolegate_last_error_code(), rolegate_last_error());
    rolegate_close(client);
    return 1;
  }
  printf("user=%s host=%s port=%d dial=%s:%d sslmode=%s password_length=%zu\n", login->user, login->host,
         login->port, login->dial_host, login->dial_port, login->sslmode, strlen(login->password));
  rolegate_login_free(login);
  rolegate_close(client);
  return 0;
}
