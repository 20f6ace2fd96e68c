#include "cli/new_password.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <span>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/printable.hpp"
#include "base/utf8.hpp"
#include "cli/silent_terminal.hpp"
#include "config/text/fields.hpp"

namespace rolegate::cli {
namespace {

constexpr std::size_t kMaxBytes = 1000;
constexpr std::size_t kWiseLength = 12;

std::unexpected<base::Error> unreadable(std::string_view what, int error) {
  return base::fail(NewPasswordErrc::password_unreadable,
                    fmt::format("{} cannot be read: {}.", what, std::generic_category().message(error)));
}

/// The first line, without its end, of what `read` gives piece by piece (as read(2) does). The rest of the
/// last piece is wiped, not kept.
base::Result<base::Secret> first_line(const std::function<std::ptrdiff_t(std::span<char>)>& read,
                                      std::string_view what) {
  std::string buffer;
  const base::WipeAtEnd wipe(buffer);
  buffer.resize(kMaxBytes + 1);  // once: growing would leave copies behind
  std::size_t size = 0;
  while (size < buffer.size()) {
    const std::span<char> rest = std::span(buffer).subspan(size);
    const std::ptrdiff_t got = read(rest);
    if (got < 0) return unreadable(what, errno);
    if (got == 0) break;
    const std::span<char> piece = rest.first(static_cast<std::size_t>(got));
    const auto end = std::ranges::find(piece, '\n');
    size += static_cast<std::size_t>(end - piece.begin());
    if (end != piece.end()) break;
  }
  return base::Secret(std::string_view(buffer).substr(0, size));
}

base::Result<base::Secret> ask(SilentTerminal& terminal, Output& prompts, std::string_view prompt) {
  prompts.write(prompt);
  prompts.flush();
  return first_line([&](std::span<char> out) { return terminal.read(out); }, "The terminal");
}

base::Result<base::Secret> ask_twice(int input, Output& prompts, std::string_view user) {
  SilentTerminal terminal(input);
  auto first = ask(terminal, prompts, fmt::format("New password for {}: ", base::printable(user)));
  if (!first) return first;
  if (auto usable = check_new_password(first->reveal()); !usable) {
    return std::unexpected(std::move(usable.error()));
  }
  const auto second = ask(terminal, prompts, "The same again: ");
  if (!second) return std::unexpected(second.error());
  if (!first->equals(second->reveal())) {
    return base::fail(NewPasswordErrc::passwords_differ, "The two passwords differ.", "Try again.");
  }
  return first;
}

}  // namespace

std::string_view code_name(NewPasswordErrc code) {
  switch (code) {
    case NewPasswordErrc::password_unusable:
      return "password_unusable";
    case NewPasswordErrc::passwords_differ:
      return "passwords_differ";
    case NewPasswordErrc::password_unreadable:
      return "password_unreadable";
  }
  return {};
}

base::Result<base::Secret> read_new_password(int input, Output& prompts, std::string_view user) {
  if (::isatty(input) == 1) {
    try {
      return ask_twice(input, prompts, user);
    } catch (const std::system_error& error) {
      return unreadable("The terminal", error.code().value());
    }
  }
  auto password = first_line(
      [input](std::span<char> out) {
        ssize_t got = 0;
        do {
          got = ::read(input, out.data(), out.size());
        } while (got < 0 && errno == EINTR);
        return got;
      },
      "Standard input");
  if (!password) return password;
  if (auto usable = check_new_password(password->reveal()); !usable) {
    return std::unexpected(std::move(usable.error()));
  }
  return password;
}

base::Result<void> check_new_password(std::string_view password) {
  const auto unusable = [](std::string message, std::string hint) {
    return base::fail(NewPasswordErrc::password_unusable, std::move(message), std::move(hint));
  };
  if (password.empty()) return unusable("The password is empty.", "Nothing was changed; run it again.");
  if (password.size() > kMaxBytes) {
    return unusable(fmt::format("The password is longer than {} bytes.", kMaxBytes), "Choose a shorter one.");
  }
  if (!base::is_utf8(password)) {
    return unusable("The password is not valid UTF-8.", "Set the terminal to UTF-8, or use ASCII only.");
  }
  if (base::has_control_characters(password)) {
    return unusable("The password holds a control character.",
                    "A line end of Windows (CR LF) is one; most clients cannot send any.");
  }
  return {};
}

std::vector<std::string> doubts_about(std::string_view password) {
  std::vector<std::string> doubts;
  if (config::characters(password) < kWiseLength) {
    doubts.push_back(
        fmt::format("The password has fewer than {} characters: whoever gets hold of the "
                    "verifier can guess it.",
                    kWiseLength));
  }
  // PostgreSQL's clients put a password through SASLprep (RFC 4013) before SCRAM, MySQL's do not.
  if (!std::ranges::all_of(password, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    doubts.emplace_back("The password is not ASCII only: clients differ in how they send such characters.");
  }
  return doubts;
}

}  // namespace rolegate::cli
