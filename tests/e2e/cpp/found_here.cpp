// What the library tells the program's own log of where its configuration came from.
#include <iostream>

#include <rolegate/rolegate.hpp>

int main() {
  rolegate::Options options;
  options.log = [](rolegate::LogLevel, const std::string& line) { std::cout << line << "\n"; };
  const rolegate::Client client(std::move(options));
}
