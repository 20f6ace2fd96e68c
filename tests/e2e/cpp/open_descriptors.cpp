// Executes a shell command between two logins, with open sessions. Usage: open_descriptors CONFIG POSTGRESQL
// MYSQL COMMAND
#include <iostream>

#include <rolegate/rolegate.hpp>
#include <sys/wait.h>
#include <unistd.h>

int main(int, char** argv) {
  rolegate::Options options;
  options.config_file = argv[1];
  rolegate::Client client(std::move(options));
  (void)client.login(argv[2]);
  const auto postgresql = client.connect_postgresql(argv[2]);
  const auto mysql = client.connect_mysql(argv[3]);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execlp("sh", "sh", "-c", argv[4], static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  // It goes on after that.
  (void)client.login(argv[2]);
  (void)client.connect_postgresql(argv[2]);
  return WEXITSTATUS(status);
}
