#include "wire/pg/messages.hpp"

#include "wire/pg/framing.hpp"

namespace rolegate::wire::pg {

std::string error_response(const ErrorFields& fields) {
  std::string body;
  const auto append = [&](char type, std::string_view text) {
    body.push_back(type);
    append_string(body, text);
  };
  append('S', fields.severity);
  append('V', fields.severity);
  // Clients count on a code; internal_error is what PostgreSQL says when it has no better one.
  append('C', fields.sqlstate.empty() ? "XX000" : fields.sqlstate);
  append('M', fields.message);
  if (!fields.detail.empty()) append('D', fields.detail);
  if (!fields.hint.empty()) append('H', fields.hint);
  body.push_back('\0');
  return message('E', body);
}

std::optional<ErrorFields> parse_error_response(std::string_view body) {
  ErrorFields fields;
  bool severity_is_plain = false;  // V, which no server translates; Redshift has only S
  while (!body.empty()) {
    const char type = body.front();
    body.remove_prefix(1);
    if (type == '\0') return body.empty() ? std::optional(fields) : std::nullopt;
    const auto text = take_string(body);
    if (!text) return std::nullopt;
    switch (type) {
      case 'S':
        if (!severity_is_plain) fields.severity = *text;
        break;
      case 'V':
        fields.severity = *text;
        severity_is_plain = true;
        break;
      case 'C':
        fields.sqlstate = *text;
        break;
      case 'M':
        fields.message = *text;
        break;
      case 'D':
        fields.detail = *text;
        break;
      case 'H':
        fields.hint = *text;
        break;
      default:  // "frontends should silently ignore fields of unrecognized type"
        break;
    }
  }
  return std::nullopt;  // no terminator
}

std::string authentication_ok() { return {"R\0\0\0\x08\0\0\0\0", 9}; }

std::string ready_for_query() { return message('Z', "I"); }

std::optional<Parameters::value_type> parse_parameter_status(std::string_view body) {
  const auto name = take_string(body);
  const auto value = name ? take_string(body) : std::nullopt;
  if (!value || !body.empty()) return std::nullopt;
  return Parameters::value_type(*name, *value);
}

std::string parameter_status(const Parameters::value_type& parameter) {
  std::string body;
  append_string(body, parameter.first);
  append_string(body, parameter.second);
  return message('S', body);
}

std::optional<CancelKey> parse_cancel_key(std::string_view body) {
  constexpr std::size_t kIdSize = 4;
  if (body.size() < kIdSize + CancelKey::kSize30 || body.size() > kIdSize + CancelKey::kMaxSize) {
    return std::nullopt;
  }
  return CancelKey{int32_at_front(body), std::string(body.substr(kIdSize))};
}

std::string backend_key_data(const CancelKey& key) {
  std::string body;
  append_int32(body, key.process_id);
  body += key.secret;
  return message('K', body);
}

}  // namespace rolegate::wire::pg
