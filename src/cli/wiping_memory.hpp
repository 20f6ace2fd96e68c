#pragma once

#include <cstddef>
#include <new>

#include <boost/json/memory_resource.hpp>
#include <openssl/crypto.h>

namespace rolegate::cli {

/// Memory for a JSON value that holds a secret: what is given back is wiped first.
class WipingMemory final : public boost::json::memory_resource {
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    return ::operator new(bytes, std::align_val_t(alignment));
  }
  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
    OPENSSL_cleanse(memory, bytes);
    ::operator delete(memory, std::align_val_t(alignment));
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace rolegate::cli
