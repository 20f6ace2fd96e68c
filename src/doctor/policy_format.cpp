#include "doctor/policy_format.hpp"

#include <cctype>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "doctor/pretty_json.hpp"

namespace rolegate::doctor {
namespace {

namespace json = boost::json;

const json::object* find(const PolicySet& set, Placement placement) {
  for (const auto& document : set.documents) {
    if (document.placement == placement) return &document.document;
  }
  return nullptr;
}

std::string comments(const PolicySet& set, std::string_view mark) {
  std::string out;
  for (const auto& note : set.notes) out += fmt::format("{} {}\n", mark, note);
  return out;
}

std::string role_name(const PolicySet& set) { return set.role_arn.substr(set.role_arn.rfind('/') + 1); }

/// The role's path, "/" or "/team/": between ":role" and the name.
std::string role_path(const PolicySet& set) {
  const auto start = set.role_arn.find(":role/") + 5;
  return set.role_arn.substr(start, set.role_arn.rfind('/') + 1 - start);
}

/// database_name as a Terraform identifier or, without separators, a CloudFormation logical id.
std::string identifier(const PolicySet& set, bool underscores) {
  std::string out;
  for (const char c : set.database) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out += c;
    } else if (underscores) {
      out += '_';
    }
  }
  return out.empty() ? "database" : out;
}

/// The caller, when its ARN is known: "role" or "user", and the name without its path.
struct Caller {
  std::string_view type;
  std::string name;
};
std::optional<Caller> caller_of(const PolicySet& set) {
  for (const std::string_view type : {"role", "user"}) {
    if (set.caller_arn.find(fmt::format(":{}/", type)) != std::string::npos) {
      return Caller{type, set.caller_arn.substr(set.caller_arn.rfind('/') + 1)};
    }
  }
  return std::nullopt;
}

std::string as_text(const PolicySet& set) {
  std::string out;
  for (const auto& document : set.documents)
    out += fmt::format("# {}\n{}\n\n", document.title, pretty_json(document.document));
  out += fmt::format("-- In the database\n{}", set.sql);
  if (!set.notes.empty()) out += "\n" + comments(set, "#");
  return out;
}

std::string as_json(const PolicySet& set) {
  json::object out{{"database", set.database}};
  if (const auto* policy = find(set, Placement::database_role)) out["permission_policy"] = *policy;
  if (const auto* policy = find(set, Placement::role_trust)) out["trust_policy"] = *policy;
  if (const auto* policy = find(set, Placement::caller)) out["caller_policy"] = *policy;
  out["sql"] = set.sql;
  out["notes"] = json::array(set.notes.begin(), set.notes.end());
  return pretty_json(out) + "\n";
}

/// JSON is valid HCL inside jsonencode(), but for template sequences in its strings.
std::string hcl(const json::object& document) {
  std::string out;
  const std::string text = pretty_json(document, 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] == '$' || text[i] == '%') && i + 1 < text.size() && text[i + 1] == '{') out += text[i];
    out += text[i];
  }
  return out;
}

std::string as_terraform(const PolicySet& set) {
  const std::string name = "rolegate_" + identifier(set, true);
  std::string out = comments(set, "#");
  if (const auto* permissions = find(set, Placement::database_role)) {
    out += fmt::format(
        "# The provider aws.database is the database's account ({0}), aws.caller is where Rolegate runs.\n"
        "resource \"aws_iam_role\" \"{1}\" {{\n"
        "  provider           = aws.database\n"
        "  name               = \"{2}\"\n"
        "  path               = \"{3}\"\n"
        "  assume_role_policy = jsonencode({4})\n"
        "}}\n\n"
        "resource \"aws_iam_role_policy\" \"{1}\" {{\n"
        "  provider = aws.database\n"
        "  name     = \"rolegate-login\"\n"
        "  role     = aws_iam_role.{1}.id\n"
        "  policy   = jsonencode({5})\n"
        "}}\n\n",
        set.account, name, role_name(set), role_path(set), hcl(*find(set, Placement::role_trust)),
        hcl(*permissions));
  }
  out += fmt::format(
      "{0}resource \"aws_iam_policy\" \"{1}_caller\" {{\n"
      "  provider = aws.caller\n"
      "  name     = \"rolegate-{2}\"\n"
      "  policy   = jsonencode({3})\n"
      "}}\n",
      caller_of(set) ? "" : "# Attach this to the role or user that Rolegate runs as.\n", name,
      identifier(set, true), hcl(*find(set, Placement::caller)));
  if (const auto caller = caller_of(set)) {
    out += fmt::format(
        "\nresource \"aws_iam_{0}_policy_attachment\" \"{1}_caller\" {{\n"
        "  provider   = aws.caller\n"
        "  {0}       = \"{2}\"\n"
        "  policy_arn = aws_iam_policy.{1}_caller.arn\n"
        "}}\n",
        caller->type, name, caller->name);
  }
  return out;
}

std::string as_cloudformation(const PolicySet& set) {
  const std::string name = identifier(set, false);
  json::object resources;
  json::object caller_policy{
      {"Type", "AWS::IAM::ManagedPolicy"},
      {"Properties",
       {{"Description", fmt::format("Rolegate: what the caller needs for database {}", set.database)},
        {"PolicyDocument", *find(set, Placement::caller)}}}};
  if (const auto caller = caller_of(set)) {
    const std::string_view attached_to = caller->type == "role" ? "Roles" : "Users";
    caller_policy["Properties"].as_object()[attached_to] = json::array{json::value(caller->name)};
  }
  json::object out{{"AWSTemplateFormatVersion", "2010-09-09"}};
  std::string description = fmt::format("Rolegate: IAM login for database {}.", set.database);
  if (const auto* permissions = find(set, Placement::database_role)) {
    description += " Deploy it in the database's account and in the caller's: each gets what belongs there.";
    json::object equal{{"Fn::Equals", {json::object{{"Ref", "AWS::AccountId"}}, set.account}}};
    out["Description"] = description;
    // A caller in the database's own account gets both from one stack.
    out["Parameters"] = {{"CallerIsHere",
                          {{"Type", "String"},
                           {"AllowedValues", {"true", "false"}},
                           {"Description", "Does the caller live in the account of this stack?"}}}};
    out["Conditions"] = {
        {"DatabaseAccount", std::move(equal)},
        {"CallerAccount", {{"Fn::Equals", {json::object{{"Ref", "CallerIsHere"}}, "true"}}}}};
    resources[name + "Role"] = {
        {"Type", "AWS::IAM::Role"},
        {"Condition", "DatabaseAccount"},
        {"Properties",
         {{"RoleName", role_name(set)},
          {"Path", role_path(set)},
          {"AssumeRolePolicyDocument", *find(set, Placement::role_trust)},
          {"Policies",
           json::array{json::object{{"PolicyName", "rolegate-login"}, {"PolicyDocument", *permissions}}}}}}};
    caller_policy["Condition"] = "CallerAccount";
  } else {
    out["Description"] = description;
  }
  resources[name + "Caller"] = std::move(caller_policy);
  if (!set.notes.empty()) out["Metadata"] = {{"Notes", json::array(set.notes.begin(), set.notes.end())}};
  out["Resources"] = std::move(resources);
  return pretty_json(out) + "\n";
}

}  // namespace

std::optional<PolicyFormat> policy_format(std::string_view name) {
  if (name == "text") return PolicyFormat::text;
  if (name == "json") return PolicyFormat::json;
  if (name == "terraform") return PolicyFormat::terraform;
  if (name == "cloudformation") return PolicyFormat::cloudformation;
  if (name == "sql") return PolicyFormat::sql;
  return std::nullopt;
}

std::string format_policies(const PolicySet& set, PolicyFormat format) {
  switch (format) {
    case PolicyFormat::text:
      return as_text(set);
    case PolicyFormat::json:
      return as_json(set);
    case PolicyFormat::terraform:
      return as_terraform(set);
    case PolicyFormat::cloudformation:
      return as_cloudformation(set);
    case PolicyFormat::sql:
      return set.sql;
  }
  return {};
}

}  // namespace rolegate::doctor
