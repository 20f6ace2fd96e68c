#include "wire/pg/session_start.hpp"

#include "wire/pg/framing.hpp"

namespace rolegate::wire::pg {

std::string SessionStart::messages() const {
  std::string messages;
  auto next = notices.begin();
  for (std::size_t place = 0; place <= parameters.size(); ++place) {
    if (next != notices.end() && next->place == place) messages += next++->messages;
    if (place < parameters.size()) messages += parameter_status(parameters[place]);
  }
  return messages;
}

}  // namespace rolegate::wire::pg
