// A program's own credential provider instead of the chain. Usage: own_provider CONFIG DATABASE
#include <iostream>
#include <stdexcept>

#include <rolegate/rolegate.hpp>

static std::string outcome(const char* config, const char* database, rolegate::CredentialProvider provider) {
  rolegate::Options options;
  options.config_file = config;
  options.credential_provider = std::move(provider);
  try {
    rolegate::Client client(std::move(options));
    (void)client.login(database);
    return "ok";
  } catch (const rolegate::Error& error) {
    return error.code();
  }
}

int main(int, char** argv) {
  int calls = 0;
  const std::string login = outcome(argv[1], argv[2], [&] {
    ++calls;
    rolegate::AwsCredentials credentials;
    credentials.access_key_id = "AKIALABSUPERSET00001";
    credentials.secret_access_key = rolegate::Secret("labSupersetSecret/+000000000000000000001");
    return credentials;
  });
  const std::string failing = outcome(argv[1], argv[2], []() -> rolegate::AwsCredentials {
    throw std::runtime_error("the vault is sealed");
  });
  const std::string empty = outcome(argv[1], argv[2], [] { return rolegate::AwsCredentials{}; });
  // What the program's own clock and log throw must not bring down the library's threads.
  std::string careless = "ok";
  try {
    rolegate::Options options;
    options.config_file = argv[1];
    options.clock = []() -> rolegate::TimePoint { throw std::runtime_error("no clock"); };
    options.log = [](rolegate::LogLevel, const std::string&) { throw std::runtime_error("no log"); };
    rolegate::Client client(std::move(options));
    for (int i = 0; i < 3; ++i) (void)client.login(argv[2]);
  } catch (const rolegate::Error& error) {
    careless = error.code();
  }
  std::cout << "{\"login\": \"" << login << "\", \"provider_calls\": " << calls
            << ", \"failing_provider\": \"" << failing << "\", \"empty_provider\": \"" << empty
            << "\", \"failing_clock_and_log\": \"" << careless << "\"}\n";
}
