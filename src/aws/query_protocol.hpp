#pragma once

#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "aws/api_call.hpp"
#include "aws/http.hpp"

namespace rolegate::aws {

/// A request body of the AWS Query protocol (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).
class QueryForm {
 public:
  QueryForm(std::string_view action, std::string_view version);
  ~QueryForm();
  QueryForm(const QueryForm&) = delete;
  QueryForm& operator=(const QueryForm&) = delete;

  QueryForm& add(std::string_view name, std::string_view value);
  /// Members of a list: "DbGroups.DbGroup.1=…".
  QueryForm& add_member(std::string_view list, std::size_t index, std::string_view value);
  [[nodiscard]] std::string take() { return std::move(body_); }

 private:
  std::string body_;
};

/// The Content-Type that goes with it.
[[nodiscard]] HttpHeaders query_headers();

/// An XML answer, read in place: the nodes point into `body`, which must outlive this, so that wiping the
/// body wipes the secrets. Document types and entities are not expanded; size is bounded (kMaxAnswer).
class QueryAnswer {
 public:
  explicit QueryAnswer(std::string& body);

  /// Why the answer cannot be used, for unexpected_answer(): "is not well-formed XML"; the first problem that
  /// was met, by the constructor or a reader below. Empty: none.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// The child of that name; a missing or repeated one is a problem.
  pugi::xml_node child(pugi::xml_node parent, const char* name);
  /// The text of a child, as text_problem wants it.
  std::string_view text(pugi::xml_node parent, const char* name);
  /// `<ACTIONResponse><ACTIONResult>`, what every answer begins with.
  pugi::xml_node result(const char* action);
  /// Of the answer's metadata; may be empty, and is cut at 128 bytes (AWS's are UUIDs).
  [[nodiscard]] std::string request_id() const;
  [[nodiscard]] pugi::xml_node root() const { return document_.document_element(); }
  void fail(std::string problem);

 private:
  pugi::xml_document document_;
  std::string problem_;
};

/// `<ErrorResponse><Error><Code>…`; empty where the body is none.
[[nodiscard]] Refusal read_query_refusal(HttpResponse& response);

}  // namespace rolegate::aws
