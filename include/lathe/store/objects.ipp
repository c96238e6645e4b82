/// @file
/// Bodies of objects.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/sha256.hpp>
#include <lathe/store/objects.hpp>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <tuple>

namespace lathe::detail {

LATHE_INLINE bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

LATHE_INLINE sequence<std::string> object_digests(const store_directory& directory) {
  sequence<std::string> out;
  for (const std::string& name : directory.names()) {
    if (name.ends_with(".o") && is_digest(std::string_view(name).substr(0, name.size() - 2))) {
      out.push_back(name.substr(0, 64));
    }
  }
  return out;
}

LATHE_INLINE std::size_t drop_objects(const store_directory& directory, std::int64_t limit,
                                      const std::string& kept) {
  struct aged_object {
    std::int64_t modified;
    std::string digest;
    std::int64_t size;
  };
  sequence<aged_object> by_age;
  std::int64_t total = 0;
  for (const std::string& digest : object_digests(directory)) {
    const auto [size, modified] = directory.status(digest + ".o");
    if (size < 0) continue;
    total += size;
    if (digest != kept) by_age.push_back({modified, digest, size});
  }
  std::size_t dropped = 0;
  sort(by_age, [](const aged_object& left, const aged_object& right) {
    return left.modified != right.modified ? left.modified < right.modified
                                           : left.digest < right.digest;
  });
  for (const auto& [modified, digest, size] : by_age) {
    if (total <= limit) break;
    if (directory.remove(digest + ".o") != 0) continue;
    total -= size;
    ++dropped;
  }
  return dropped;
}

LATHE_INLINE std::string keep_object(const store_directory& directory,
                                     std::span<const std::byte> bytes, std::int64_t limit,
                                     store_report& report) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (size == 0 || size > smaller(limit, max_object)) {
    report.say("[LATHE-E404] an object of " + std::to_string(size) +
               " bytes is not kept: expected 1 byte up to the size limit of the cache");
    return {};
  }
  std::string digest = sha256_hex(bytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (const int failure = directory.replace(digest + ".o", text); failure != 0) {
    report.say("[LATHE-E402] objects are not kept in '" + directory.path() +
               "': " + system_text(failure));
    return {};
  }
  drop_objects(directory, limit, digest);
  return digest;
}

// Content of an object whose digest is right; what is wrong with it otherwise is in `report`.
LATHE_INLINE std::optional<std::string> checked_object(const store_directory& directory,
                                                       const std::string& digest,
                                                       store_report& report) {
  if (!is_digest(digest)) return std::nullopt;
  const std::string name = digest + ".o";
  file_content content = directory.read(name, 0, max_object);
  if (content.error == ENOENT) return std::nullopt;
  const auto refuse = [&](const std::string& why) {
    ++report.refused;
    report.say("[LATHE-E404] object '" + directory.path() + '/' + name + "' is not used: " + why);
    return std::nullopt;
  };
  if (content.refused) {
    return refuse("expected a regular file with one link that only you can write");
  }
  if (content.error != 0) return refuse(system_text(content.error));
  if (sha256_hex(content.bytes) != digest) {
    return refuse("its content is not what its name says; delete it");
  }
  return std::move(content.bytes);
}

LATHE_INLINE bool check_object(const store_directory& directory, const std::string& digest,
                               store_report& report) {
  return checked_object(directory, digest, report).has_value();
}

LATHE_INLINE std::optional<sequence<std::byte>> load_object(const store_directory& directory,
                                                            const std::string& digest,
                                                            store_report& report) {
  const auto content = checked_object(directory, digest, report);
  if (!content) return std::nullopt;
  directory.touch(digest + ".o");
  sequence<std::byte> bytes(content->size());
  if (!bytes.empty()) std::memcpy(bytes.data(), content->data(), bytes.size());
  return bytes;
}

}  // namespace lathe::detail
