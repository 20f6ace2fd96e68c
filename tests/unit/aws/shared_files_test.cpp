#include "aws/credential_providers/shared_files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/credential_providers/profile_keys.hpp"
#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kKeys =
    "[default]\naws_access_key_id = AKIAFIRST\naws_secret_access_key = hush-1\n"
    "[p]\naws_access_key_id = AKIAP\naws_secret_access_key = hush-2\naws_session_token = tok\n";

struct Fixture : testing::ProviderFixture {
  SharedFiles files{environment, clock, log};
  ProfileKeys provider{files, "default", ProfileKeys::Where::credentials_file};

  std::string key() {
    const auto got = get(provider);
    if (!got) return got.error().message;
    return *got ? (*got)->access_key_id : "none: " + why_not;
  }
  /// Makes a file old enough for its stamp to be trusted.
  void age(std::string_view name) {
    std::filesystem::last_write_time(home.path(name),
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
};

TEST(ProfileKeys, ReadsAProfile) {
  Fixture f;
  f.credentials_file(kKeys);
  ProfileKeys p(f.files, "p", ProfileKeys::Where::credentials_file);
  const auto got = f.get(p);
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->access_key_id, "AKIAP");
  EXPECT_TRUE((*got)->secret_access_key.equals("hush-2"));
  EXPECT_TRUE((*got)->session_token.equals("tok"));
  EXPECT_EQ((*got)->identity, "AKIAP");
  EXPECT_THAT((*got)->provider, HasSubstr("profile 'p' ("));
  EXPECT_EQ(*f.get(p), *got) << "the same object while nothing changes";
}

TEST(ProfileKeys, ReadsTheConfigFileOnItsOwn) {
  Fixture f;
  f.credentials_file("[x]\naws_access_key_id = AKIANO\naws_secret_access_key = hush\n");
  f.config_file("[profile x]\naws_access_key_id = AKIAX\naws_secret_access_key = hush\n");
  ProfileKeys p(f.files, "x", ProfileKeys::Where::config_file);
  EXPECT_EQ((*f.get(p))->access_key_id, "AKIAX");
}

TEST(ProfileKeys, SaysWhyThereIsNothing) {
  Fixture f;
  EXPECT_THAT(f.key(), HasSubstr(".aws/credentials: there is no such file"));
  f.credentials_file("[other]\na = b\n");
  EXPECT_THAT(f.key(), HasSubstr("has no profile 'default'"));
  f.credentials_file("[default]\nregion = eu-west-1\n");
  EXPECT_THAT(f.key(), HasSubstr("has no aws_access_key_id"));
}

TEST(ProfileKeys, RefusesAKeyWithoutItsSecret) {
  Fixture f;
  f.credentials_file("[default]\naws_access_key_id = AKIAFIRST\n");
  EXPECT_THAT(f.key(), HasSubstr("credentials:2: profile 'default' has an aws_access_key_id, but no"));
}

TEST(SharedFiles, ReadsAgainWhatHasChanged) {
  Fixture f;
  f.credentials_file(kKeys);
  EXPECT_EQ(f.key(), "AKIAFIRST");
  f.credentials_file("[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = hush-1\n");
  EXPECT_EQ(f.key(), "AKIAOTHER");
}

TEST(SharedFiles, NoticesASecondWriteOfTheSameSizeRightAfterTheFirst) {
  Fixture f;
  for (const char* key : {"AKIA1", "AKIA2", "AKIA3", "AKIA4", "AKIA5"}) {
    f.credentials_file(fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = s\n", key));
    EXPECT_EQ(f.key(), key);
  }
}

TEST(FileStamp, IsNotTrustedWhileTheFileMayChangeAndKeepIt) {
  using std::chrono::seconds;
  FileStamp stamp;
  stamp.modified = seconds(100);
  EXPECT_FALSE(stamp_is_settled(stamp, seconds(100)));
  EXPECT_FALSE(stamp_is_settled(stamp, seconds(102)));
  EXPECT_TRUE(stamp_is_settled(stamp, seconds(103)));
  stamp.changed = seconds(103);
  EXPECT_FALSE(stamp_is_settled(stamp, seconds(103)));
  EXPECT_FALSE(stamp_is_settled(stamp, seconds(50))) << "a file from the future";
}

TEST(SharedFiles, GivesTheSameObjectWhileTheFilesStayTheSame) {
  Fixture f;
  const auto first = *f.files.current();
  EXPECT_EQ(*f.files.current(), first) << "no files at all";
  f.config_file("[default]\n");
  EXPECT_NE(*f.files.current(), first);
}

TEST(SharedFiles, NamesFileAndLineOfWhatIsWrong) {
  Fixture f;
  f.credentials_file("[default]\nhush\n");
  const auto got = f.files.current();
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr(".aws/credentials:2: "));
  EXPECT_THAT(got.error().text(), Not(HasSubstr("hush")));
}

TEST(SharedFiles, BridgesTheMomentOfRewriting) {
  for (const char* half_written : {"", "[defau", "[default]\naws_acc"}) {
    Fixture f;
    f.credentials_file(kKeys);
    EXPECT_EQ(f.key(), "AKIAFIRST");
    f.credentials_file(half_written);
    EXPECT_EQ(f.key(), "AKIAFIRST") << half_written;
    f.clock.advance(kRewriteGrace - std::chrono::milliseconds(1));
    EXPECT_EQ(f.key(), "AKIAFIRST") << half_written;
    f.clock.advance(std::chrono::milliseconds(1));
    EXPECT_NE(f.key(), "AKIAFIRST") << "for long the old keys do not count: " << half_written;
    f.credentials_file("[default]\naws_access_key_id = AKIANEW\naws_secret_access_key = s\n");
    EXPECT_EQ(f.key(), "AKIANEW");
  }
}

TEST(SharedFiles, BridgesAFileThatVanishesAndComesBack) {
  Fixture f;
  f.credentials_file(kKeys);
  EXPECT_EQ(f.key(), "AKIAFIRST");
  std::filesystem::remove(f.home.path(".aws/credentials"));
  EXPECT_EQ(f.key(), "AKIAFIRST");
  f.clock.advance(kRewriteGrace);
  EXPECT_THAT(f.key(), HasSubstr("none"));
}

TEST(SharedFiles, LooksWhereTheVariablesSay) {
  Fixture f;
  f.environment.values["AWS_SHARED_CREDENTIALS_FILE"] = "~/elsewhere";
  f.home.write("elsewhere", kKeys);
  EXPECT_EQ(f.key(), "AKIAFIRST");
}

TEST(SharedFiles, WarnsOnceWhenEverybodyCanReadTheKeys) {
  Fixture f;
  f.credentials_file(kKeys);
  f.age(".aws/credentials");
  std::filesystem::permissions(f.home.path(".aws/credentials"), std::filesystem::perms(0644));
  EXPECT_EQ(f.key(), "AKIAFIRST") << "a warning only";
  EXPECT_THAT(f.log.text(), HasSubstr("chmod 600"));
  EXPECT_THAT(f.log.text(), Not(HasSubstr("hush")));
}

TEST(SharedFiles, TakesAFolderForNoFile) {
  Fixture f;
  std::filesystem::create_directories(f.home.path(".aws/credentials"));
  EXPECT_THAT(f.key(), HasSubstr("credentials: it is a directory, not a file"));
}

TEST(SharedFiles, RefusesAFileThatIsFarTooLarge) {
  Fixture f;
  f.credentials_file(std::string(2 << 20, '#'));
  const auto got = f.files.current();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "file_too_large");
}

TEST(Profiles, MergesBothFilesCredentialsFirst) {
  Fixture f;
  f.config_file(
      "[profile p]\nregion = eu-west-1\nrole_arn = a\n[profile \"with space\"]\nx = 1\n[nothing]\n");
  f.credentials_file("[p]\nrole_arn = b\n[profile q]\n");
  const auto profiles = *f.files.current();
  const ProfileView p = profiles->profile("p");
  EXPECT_EQ(p.get("region"), "eu-west-1");
  EXPECT_EQ(p.get("role_arn"), "b");
  EXPECT_THAT(p.place("role_arn"), HasSubstr("credentials:2"));
  EXPECT_THAT(p.place("region"), HasSubstr("config:2"));
  EXPECT_TRUE(profiles->profile("with space").exists());
  EXPECT_FALSE(profiles->profile("nothing").exists());
  EXPECT_FALSE(profiles->profile("q").exists());
}

TEST(Profiles, TakesTheLaterOfTwoHeadersForTheDefaultProfile) {
  Fixture f;
  f.config_file("[profile default]\nregion = one\n[default]\nregion = two\n");
  EXPECT_EQ((*f.files.current())->profile("default").get("region"), "two");
  f.config_file("[default]\nregion = two\n[profile default]\nregion = one\n");
  EXPECT_EQ((*f.files.current())->profile("default").get("region"), "one");
}

TEST(SharedFiles, WarnsOnceOfKeysThatEverybodyCanRead) {
  Fixture f;
  f.credentials_file("[a]\nx = 1\n");
  std::filesystem::permissions(f.home.path(".aws/credentials"), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  for (int n = 0; n < 3; ++n) ASSERT_TRUE(f.files.current());  // too young for its stamp to be trusted
  for (const char* rewritten : {"", "[a]\nx = 2\n"}) {
    std::ofstream(f.home.path(".aws/credentials")) << rewritten;
    ASSERT_TRUE(f.files.current());
  }
  const std::string text = f.log.text();
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
}

}  // namespace
}  // namespace rolegate::aws
