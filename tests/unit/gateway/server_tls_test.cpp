#include "gateway/server_tls.hpp"

#include <chrono>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "support/certificates.hpp"
#include "support/temporary_folder.hpp"

namespace rolegate::gateway {
namespace {

using namespace std::chrono_literals;

const base::WallTime kNow = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());

/// A folder with "cert" and "key" that belong together.
class ServerTls : public testing::Test {
 protected:
  ServerTls() {
    write("cert", identity_.pem());
    write("key", key_pem(identity_.key.get()));
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path(name)) << text;
    ASSERT_EQ(::chmod(folder_.path(name).c_str(), 0600), 0);
  }
  static std::string key_pem(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
    const std::unique_ptr<BIO, test::FreeOpenSsl> bio(::BIO_new(::BIO_s_mem()));
    const char* passphrase = "secret";
    ::PEM_write_bio_PKCS8PrivateKey(bio.get(), key, cipher, passphrase, 6, nullptr, nullptr);
    char* text = nullptr;
    const long size = ::BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }
  [[nodiscard]] config::GatewayTls tls(const std::string& client_ca = {}) const {
    return {folder_.path("cert"), folder_.path("key"), client_ca.empty() ? "" : folder_.path(client_ca), {}};
  }
  /// "key: FILE cannot be used: …", with a "warning: " in front where it is one, and no folder in it.
  [[nodiscard]] std::vector<std::string> faults(const config::GatewayTls& tls,
                                                base::WallTime now = kNow) const {
    std::vector<std::string> texts;
    for (const TlsFileFault& fault : check_tls_files(tls, now)) {
      std::string text =
          std::string(fault.warning ? "warning: " : "") + std::string(fault.field) + ": " + fault.message;
      const std::string folder = folder_.path() + "/";
      for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder))
        text.erase(at, folder.size());
      texts.push_back(std::move(text));
    }
    return texts;
  }

  test::Identity identity_ = test::make_identity("gateway.example");
  test::TemporaryFolder folder_;
};

TEST_F(ServerTls, FindsNothingWrongWithGoodFiles) {
  EXPECT_THAT(faults(tls()), testing::IsEmpty());
  EXPECT_TRUE(make_server_context(tls(), net::Protocol::postgresql));
}

TEST_F(ServerTls, TellsOfEveryFileAndNotOnlyOfTheFirst) {
  write("cert", "no certificate");
  write("key", "no key");
  write("ca", "no CA");
  EXPECT_THAT(faults(tls("ca")), testing::ElementsAre(testing::StartsWith("cert: cert cannot be used: "),
                                                      testing::StartsWith("key: key cannot be used: "),
                                                      testing::StartsWith("client_ca: ca cannot be used: ")));
}

TEST_F(ServerTls, TellsOfFilesThatAreNotThere) {
  EXPECT_THAT(
      faults({folder_.path("gone"), folder_.path("key"), {}, {}}),
      testing::ElementsAre("cert: cannot be used: gone cannot be opened: No such file or directory."));
}

TEST_F(ServerTls, TellsOfAKeyOfAnotherCertificateWhateverItsKind) {
  for (EVP_PKEY* key : {::EVP_EC_gen("P-256"), ::EVP_RSA_gen(2048)}) {
    const std::unique_ptr<EVP_PKEY, test::FreeOpenSsl> owned(key);
    write("key", key_pem(key));
    EXPECT_THAT(faults(tls()),
                testing::ElementsAre("key: key cannot be used: it is not the key of tls.cert."));
    EXPECT_EQ(
        make_server_context(tls(), net::Protocol::postgresql).error().message,
        "The gateway's tls.key " + folder_.path("key") + " cannot be used: it is not the key of tls.cert.");
  }
}

TEST_F(ServerTls, TellsOfAnEncryptedKeyInsteadOfAskingForThePassphrase) {
  write("key", key_pem(identity_.key.get(), ::EVP_aes_256_cbc()));
  EXPECT_THAT(faults(tls()),
              testing::ElementsAre("key: key cannot be used: it is encrypted with a passphrase."));
}

TEST_F(ServerTls, WarnsOfACertificateWhoseTimeItIsNot) {
  EXPECT_THAT(faults(tls(), kNow + 48h),
              testing::ElementsAre(testing::StartsWith("warning: cert: expired on 20")));
  EXPECT_THAT(faults(tls(), kNow - 48h),
              testing::ElementsAre(testing::StartsWith("warning: cert: is not valid before 20")));
  EXPECT_TRUE(make_server_context(tls(), net::Protocol::postgresql));
}

TEST_F(ServerTls, WarnsOfAKeyThatEverybodyMayRead) {
  ASSERT_EQ(::chmod(folder_.path("key").c_str(), 0644), 0);
  EXPECT_THAT(faults(tls()),
              testing::ElementsAre("warning: key: may be read by every user of this machine (mode 0644)."));
}

TEST_F(ServerTls, RefusesFilesThatOthersMayWrite) {
  for (const char* name : {"cert", "key"}) {
    ASSERT_EQ(::chmod(folder_.path(name).c_str(), 0602), 0);
    const auto made = make_server_context(tls(), net::Protocol::postgresql);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "gateway_tls_invalid");
    EXPECT_THAT(made.error().message, testing::HasSubstr("may be written by others")) << name;
    EXPECT_THAT(made.error().hint, testing::HasSubstr("chmod go-w")) << name;
    ASSERT_EQ(::chmod(folder_.path(name).c_str(), 0600), 0);
  }
}

}  // namespace
}  // namespace rolegate::gateway
