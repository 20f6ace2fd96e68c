#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rolegate::wire::mysql {

/// The packets of a login, put together from pieces of any size. They may hold a password: what was read is
/// wiped, copies of a growing buffer included.
class PacketBuffer {
 public:
  explicit PacketBuffer(std::size_t longest) : longest_(longest) {}
  PacketBuffer(const PacketBuffer&) = delete;
  PacketBuffer& operator=(const PacketBuffer&) = delete;
  ~PacketBuffer();

  void append(std::string_view bytes);

  enum class Next { incomplete, packet, too_long };
  /// Goes on to the next packet.
  Next next();
  /// Of a packet that is incomplete, too, once its header has come.
  [[nodiscard]] bool has_header() const;
  [[nodiscard]] std::uint8_t sequence() const;
  /// Valid until the next call of a function that is not const.
  [[nodiscard]] std::string_view payload() const;
  /// Bytes behind that packet.
  [[nodiscard]] std::size_t behind() const { return bytes_.size() - end_; }
  [[nodiscard]] std::string take_behind();

 private:
  void forget_current();
  std::size_t longest_;
  std::string bytes_;
  std::size_t end_ = 0;  ///< of the current packet, which begins at 0; 0: none
};

}  // namespace rolegate::wire::mysql
