#include <lathe/core/error.hpp>
#include <lathe/measure/buffer.hpp>

#include <cmath>
#include <csignal>
#include <cstring>
#include <doctest/doctest.h>
#include <set>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace lathe;

namespace {

/// Signal that writing to `address` in a child raises, 0 if it survives.
int signal_of_write(std::byte* address) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    *reinterpret_cast<volatile std::byte*>(address) = std::byte{1};
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("buffer: the byte behind the data faults, the bytes before it are checked") {
  const guarded_buffer buffer(1000);
  CHECK(signal_of_write(buffer.data()) == 0);
  CHECK(signal_of_write(buffer.data() + 999) == 0);
  CHECK(signal_of_write(buffer.data() + 1000) == SIGSEGV);
  CHECK(signal_of_write(buffer.data() - 5000) == SIGSEGV);
  CHECK(buffer.padding_intact());
  buffer.data()[-1] = std::byte{0};
  CHECK_FALSE(buffer.padding_intact());
}

TEST_CASE("buffer: aligned start keeps at most 63 checked bytes before the guard behind") {
  for (const std::int64_t bytes : {1, 63, 64, 1000, 4096, 5000}) {
    const guarded_buffer buffer(bytes, buffer_layout::starts_aligned);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    CHECK(buffer.padding_intact());
    CHECK(signal_of_write(buffer.data() + (bytes + 63) / 64 * 64) == SIGSEGV);
    if (bytes % 64 != 0) {
      buffer.data()[bytes] = std::byte{0};
      CHECK_FALSE(buffer.padding_intact());
    }
  }
}

TEST_CASE("buffer: shared memory carries a child's writes, own memory does not") {
  const guarded_buffer shared(64, buffer_layout::ends_at_guard, buffer_sharing::shared);
  const guarded_buffer own(64);
  shared.data()[0] = own.data()[0] = std::byte{0};
  CHECK(signal_of_write(shared.data()) == 0);
  CHECK(signal_of_write(own.data()) == 0);
  CHECK(shared.data()[0] == std::byte{1});
  CHECK(own.data()[0] == std::byte{0});
}

TEST_CASE("buffer: moved, empty and write-protected buffers") {
  guarded_buffer first(100);
  std::byte* const data = first.data();
  guarded_buffer second(std::move(first));
  CHECK(second.data() == data);
  CHECK(first.data() == nullptr);
  CHECK(first.padding_intact());
  second.forbid_writing();
  CHECK(signal_of_write(second.data()) == SIGSEGV);
  CHECK(second.owns(second.data() + 100));  // the guard page belongs to the buffer
  CHECK_FALSE(second.owns(second.data() + 100 + 4096));
  const guarded_buffer empty(0);
  CHECK(signal_of_write(empty.data()) == SIGSEGV);
}

TEST_CASE("buffer: untouched elements are counted for every type") {
  for (const dtype type :
       {dtype::boolean, dtype::i8, dtype::u8, dtype::i32, dtype::i64, dtype::f32, dtype::f64}) {
    const guarded_buffer buffer(100 * size_of(type));
    fill_untouched(buffer.data(), type, 100);
    CHECK(count_untouched(buffer.data(), type, 100) == 100);
    std::memset(buffer.data(), 0, static_cast<std::size_t>(10 * size_of(type)));
    CHECK(count_untouched(buffer.data(), type, 100) == 90);
  }
  float value = 0;
  fill_untouched(&value, dtype::f32, 1);
  CHECK(value != value);  // NaN: also spoils whatever is computed from it
}

TEST_CASE("buffer: exact inputs have no zeros and few values") {
  random_engine engine(5);
  std::vector<float> values(1000);
  fill_exact(values.data(), dtype::f32, 1000, 2, engine);
  CHECK(std::set<float>(values.begin(), values.end()) == std::set<float>{-2, -1, 1, 2});
  fill_exact(values.data(), dtype::f32, 1000, 1, engine);
  CHECK(std::set<float>(values.begin(), values.end()) == std::set<float>{-1, 1});
  std::vector<std::uint8_t> bytes(1000);
  fill_exact(bytes.data(), dtype::u8, 1000, 2, engine);
  CHECK(std::set<std::uint8_t>(bytes.begin(), bytes.end()) == std::set<std::uint8_t>{1, 2});
  fill_exact(bytes.data(), dtype::boolean, 1000, 2, engine);
  CHECK(std::set<std::uint8_t>(bytes.begin(), bytes.end()) == std::set<std::uint8_t>{0, 1});
}

TEST_CASE("buffer: the magnitude keeps sums exact") {
  CHECK(exact_magnitude(dtype::f32, 1024, 2) == 2);
  CHECK(exact_magnitude(dtype::f32, 1 << 22, 2) == 2);
  CHECK(exact_magnitude(dtype::f32, (1 << 22) + 1, 2) == 1);
  CHECK(exact_magnitude(dtype::f32, 1 << 22, 3) == 1);
  CHECK(exact_magnitude(dtype::f32, (1 << 24) + 1, 2) == 0);
  CHECK(exact_magnitude(dtype::f64, 1 << 30, 2) == 2);
  CHECK(exact_magnitude(dtype::i32, std::int64_t{1} << 40, 2) == 2);
}

TEST_CASE("buffer: real inputs and indices stay in range") {
  random_engine engine(5);
  std::vector<double> values(1000);
  fill_real(values.data(), dtype::f64, 1000, false, engine);
  int negative = 0;
  for (const double value : values) {
    CHECK_UNARY(std::abs(value) >= 0.5 && std::abs(value) < 2);
    negative += value < 0 ? 1 : 0;
  }
  CHECK_UNARY(negative > 400 && negative < 600);
  fill_real(values.data(), dtype::f64, 1000, true, engine);
  for (const double value : values) CHECK(value > 0);
  std::vector<std::int32_t> indices(1000);
  fill_indices(indices.data(), dtype::i32, 1000, 7, engine);
  const std::set<std::int32_t> seen(indices.begin(), indices.end());
  CHECK(seen == std::set<std::int32_t>{0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("buffer: the hash sees every byte") {
  std::vector<std::byte> bytes(77);
  const std::uint64_t before = hash_bytes(bytes.data(), 77);
  for (std::byte& value : bytes) {
    value = std::byte{1};
    CHECK(hash_bytes(bytes.data(), 77) != before);
    value = std::byte{0};
  }
  CHECK(hash_bytes(bytes.data(), 77) == before);
  CHECK(hash_bytes(bytes.data(), 76) != before);
}

TEST_CASE("buffer: memory that the system does not have is an error with the size") {
  const auto make = [] { guarded_buffer(std::int64_t{1} << 60, buffer_layout::ends_at_guard); };
  CHECK_THROWS_WITH_AS(
      make(), doctest::Contains("[LATHE-E501] no memory for a test buffer of 11529"), error);
}
