#include "gateway/identify.hpp"

#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

std::string application_name(NamedValues parameters, std::string_view user) {
  identify_in_parameters(parameters, user);
  EXPECT_EQ(parameters.back().first, "application_name") << "the last one of a name counts";
  for (std::size_t i = 0; i + 1 < parameters.size(); ++i) EXPECT_EQ(parameters[i].first, "DateStyle");
  return parameters.back().second;
}

TEST(Identify, PutsTheUserBeforeTheApplicationsName) {
  EXPECT_EQ(application_name({}, "alice"), "alice");
  EXPECT_EQ(application_name({{"application_name", "psql"}, {"DateStyle", "ISO"}}, "alice"), "alice: psql");
}

TEST(Identify, LeavesNoOtherApplicationName) {
  EXPECT_EQ(application_name({{"application_name", "one"}, {"application_name", "two"}}, "alice"),
            "alice: two");
  EXPECT_EQ(application_name({{"Application_Name", "bob: psql"}}, "alice"), "alice: bob: psql");
}

TEST(Identify, CutsWhatTheServerWouldCutAndNoCharacterInHalves) {
  EXPECT_EQ(application_name({{"application_name", std::string(100, 'x')}}, "alice"),
            "alice: " + std::string(56, 'x'));
  EXPECT_EQ(application_name({}, std::string(128, 'u')), std::string(63, 'u'));
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "ü";
  EXPECT_EQ(application_name({}, umlauts), umlauts.substr(0, 62));
}

TEST(Identify, PutsTheUserBeforeAllAttributes) {
  NamedValues attributes{{"_client_name", "libmariadb"}, {"rolegate_user", "root"}, {"program_name", "x"}};
  identify_in_attributes(attributes, "alice");
  EXPECT_EQ(attributes,
            (NamedValues{{"rolegate_user", "alice"}, {"_client_name", "libmariadb"}, {"program_name", "x"}}));
}

}  // namespace
}  // namespace rolegate::gateway
