#include "config/engine.hpp"

namespace rolegate::config {

std::string_view engine_name(Engine engine) {
  switch (engine) {
    case Engine::postgresql:
      return "postgresql";
    case Engine::mysql:
      return "mysql";
    case Engine::redshift:
      return "redshift";
  }
  return {};
}

std::uint16_t default_port(Engine engine) {
  switch (engine) {
    case Engine::postgresql:
      return 5432;
    case Engine::mysql:
      return 3306;
    case Engine::redshift:
      return 5439;
  }
  return 0;
}

}  // namespace rolegate::config
