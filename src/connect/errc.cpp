#include "connect/connect.hpp"

namespace rolegate::connect {

std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::wrong_engine:
      return "wrong_engine";
    case Errc::query_failed:
      return "query_failed";
  }
  return {};
}

}  // namespace rolegate::connect
