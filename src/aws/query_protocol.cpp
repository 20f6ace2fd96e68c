#include "aws/query_protocol.hpp"

#include <fmt/format.h>

#include "aws/answer_text.hpp"
#include "base/percent_encoding.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {

QueryForm::QueryForm(std::string_view action, std::string_view version) {
  // Room for the longest member, a web identity token, so that nothing is left behind by growing.
  body_.reserve(std::size_t{32} << 10);
  add("Action", action).add("Version", version);
}

QueryForm::~QueryForm() { base::wipe(body_); }

QueryForm& QueryForm::add(std::string_view name, std::string_view value) {
  if (!body_.empty()) body_.push_back('&');
  body_.append(name).push_back('=');
  base::percent_encode_to(body_, value);
  return *this;
}

QueryForm& QueryForm::add_member(std::string_view list, std::size_t index, std::string_view value) {
  return add(fmt::format("{}.{}", list, index), value);
}

HttpHeaders query_headers() { return {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}; }

QueryAnswer::QueryAnswer(std::string& body) {
  if (body.empty()) {
    fail("is empty");
  } else if (body.size() > kMaxAnswer) {
    fail(fmt::format("is larger than {} bytes", kMaxAnswer));
  } else {
    // UTF-8 is named, not guessed: a conversion would copy the secrets to where nobody wipes them.
    const auto parsed =
        document_.load_buffer_inplace(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed)
      fail(fmt::format("is not well-formed XML ({} at byte {})", parsed.description(), parsed.offset));
  }
}

pugi::xml_node QueryAnswer::child(pugi::xml_node parent, const char* name) {
  if (!problem_.empty()) return {};
  const pugi::xml_node found = parent.child(name);
  if (!found) {
    fail(fmt::format("has no {}", name));
  } else if (found.next_sibling(name)) {
    fail(fmt::format("has {} more than once", name));
    return {};
  }
  return found;
}

std::string_view QueryAnswer::text(pugi::xml_node parent, const char* name) {
  const pugi::xml_node found = child(parent, name);
  if (!found) return {};
  const std::string_view value = found.text().get();
  if (auto problem = text_problem(name, value); !problem.empty()) {
    fail(std::move(problem));
    return {};
  }
  return value;
}

pugi::xml_node QueryAnswer::result(const char* action) {
  if (!problem_.empty()) return {};
  const std::string response = fmt::format("{}Response", action);
  if (root().name() != response) {
    fail(fmt::format("is no {}", response));
    return {};
  }
  return child(root(), fmt::format("{}Result", action).c_str());
}

std::string QueryAnswer::request_id() const {
  constexpr std::size_t kLongest = 128;
  const std::string_view id = root().child("ResponseMetadata").child("RequestId").text().get();
  return std::string(id.substr(0, kLongest));
}

void QueryAnswer::fail(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
}

Refusal read_query_refusal(HttpResponse& response) {
  const QueryAnswer answer(response.body);
  if (!answer.problem().empty())
    return {.code = {}, .message = {}, .request_id = std::string(response.header("x-amzn-RequestId"))};
  const pugi::xml_node root = answer.root();
  const pugi::xml_node error = root.child("Error");
  return {.code = error.child("Code").text().get(),
          .message = error.child("Message").text().get(),
          .request_id = root.child("RequestId").text().get()};
}

}  // namespace rolegate::aws
