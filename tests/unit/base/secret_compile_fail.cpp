// Compiled by secret_test.cpp, never linked: with USE 0 this must compile, with any other it must not.
#include <sstream>

#include "base/log.hpp"
#include "base/secret.hpp"

void print(const rolegate::base::Secret& secret, rolegate::base::Log& log) {
  std::ostringstream stream;
  stream << secret.size();
  log.info("{}", secret.size());
#if USE == 1
  stream << secret;
#elif USE == 2
  (void)fmt::format("{}", secret);
#elif USE == 3
  log.info("{}", secret);
#elif USE == 4
  const rolegate::base::Secret copied = secret;
#elif USE == 5
  const std::string text = secret;
#endif
}
