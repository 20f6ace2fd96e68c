#include "wire/mysql/packet_buffer.hpp"

#include <algorithm>
#include <utility>

#include <openssl/crypto.h>

#include "base/secret.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {
constexpr std::size_t kHeader = 4;
}

PacketBuffer::~PacketBuffer() { base::wipe(bytes_); }

void PacketBuffer::append(std::string_view bytes) {
  if (bytes_.size() + bytes.size() > bytes_.capacity()) {
    std::string larger;
    larger.reserve(std::max(bytes_.size() + bytes.size(), 2 * bytes_.capacity()));
    larger = bytes_;
    base::wipe(bytes_);
    bytes_ = std::move(larger);
  }
  bytes_.append(bytes);
}

void PacketBuffer::forget_current() {
  if (end_ == 0) return;
  const std::size_t left = behind();
  bytes_.erase(0, end_);
  // What moved to the front has left its old place as it was.
  bytes_.resize(left + end_);
  ::OPENSSL_cleanse(bytes_.data() + left, end_);
  bytes_.resize(left);
  end_ = 0;
}

PacketBuffer::Next PacketBuffer::next() {
  forget_current();
  if (!has_header()) return Next::incomplete;
  const std::size_t length = static_cast<std::size_t>(PayloadReader(bytes_).integer(3));
  if (length > longest_) return Next::too_long;
  if (bytes_.size() < kHeader + length) return Next::incomplete;
  end_ = kHeader + length;
  return Next::packet;
}

bool PacketBuffer::has_header() const { return bytes_.size() >= kHeader; }

std::uint8_t PacketBuffer::sequence() const { return static_cast<std::uint8_t>(bytes_[3]); }

std::string_view PacketBuffer::payload() const {
  return std::string_view(bytes_).substr(kHeader, end_ - kHeader);
}

std::string PacketBuffer::take_behind() {
  forget_current();
  return std::exchange(bytes_, {});
}

}  // namespace rolegate::wire::mysql
