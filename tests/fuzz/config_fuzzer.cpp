#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/config.hpp"

using namespace rolegate;

// Any file is read or refused; a database that is read is complete, and every problem has a text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const config::Loaded loaded = config::load_text(text, "rolegate.yaml", base::FixedEnvironment());
  for (const config::Problem& problem : loaded.problems) {
    if (problem.message.empty() || problem.line < 0 || problem.text().empty()) std::abort();
  }
  for (const config::Database& database : loaded.config.databases) {
    if (database.name.empty() || database.line < 1) std::abort();
    if (database.aws_iam && database.aws_iam->region.empty()) std::abort();
    const bool needs_user =
        database.kind() != config::Kind::password && database.kind() != config::Kind::redshift_serverless;
    if (needs_user && database.aws_iam->db_username.empty()) std::abort();
    if (!loaded.config.find(database.name)) std::abort();
  }
  return 0;
}
