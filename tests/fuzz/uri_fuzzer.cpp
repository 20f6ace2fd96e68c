#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/read/parse_uri.hpp"

using namespace rolegate::config;

// Any text is taken apart or refused; what is taken holds what the rest of the program relies on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const bool for_iam : {false, true}) {
    const ParsedUri parsed = parse_uri(text, for_iam);
    for (const UriProblem& problem : parsed.problems) {
      if (problem.message.empty() || !problem.field.starts_with("sqlalchemy_uri")) std::abort();
      // A short password may be a word of the message itself.
      const std::string_view password = parsed.uri.password.reveal();
      if (password.size() > 24 &&
          (problem.message + problem.remedy + problem.field).find(password) != std::string::npos) {
        std::abort();
      }
    }
    if (parsed.has_errors()) continue;
    const Uri& uri = parsed.uri;
    if (!parsed.engine_known || uri.port_or_default() == 0) std::abort();
    if (uri.host.empty() && !(for_iam && uri.engine == Engine::redshift)) std::abort();
    if (uri.host.find_first_of("@/? ") != std::string::npos) std::abort();
    if (uri.connect_to && (uri.connect_to->host.empty() || uri.connect_to->port == 0)) std::abort();
    if (uri.connect_timeout && (uri.connect_timeout->count() < 1 || uri.connect_timeout->count() > 600))
      std::abort();
  }
  return 0;
}
