#include <lathe/store/plan_text.hpp>

#include "store/scratch.hpp"

TEST_CASE("plan_text: round trip") {
  const auto plan = *store_test::sample_winner().plan;
  const std::string text = lathe::plan_text(plan);
  CHECK(text == "b,A,f32,1048576,p;b,a%2Cb%3Bc%25,f64,0,b;f,phase0,64,p;f,pack.W,1,b;s,4096");
  const auto back = lathe::parse_plan(text);
  REQUIRE(back);
  CHECK(back->buffers[1].name == "a,b;c%");
  CHECK(back->buffers[0].param);
  CHECK(back->buffers[1].bound);
  CHECK(back->phases[0].tasks == 64);
  CHECK(back->phases[1].bind_only);
  CHECK(back->scratch_bytes == 4096);
}

TEST_CASE("plan_text: anything else is refused") {
  CHECK(lathe::parse_plan("f,p,1,-;s,0"));
  for (const char* text :
       {"", "s,0", "f,p,1,-", "f,p,1,-;s,-1", "f,p,1,-;s,0;s,0", "s,0;f,p,1,-", "f,p q,1,-;s,0",
        "f,9p,1,-;s,0", "f,p,1,bp;s,0", "f,p,1,x;s,0", "f,p,1,;s,0",
        "f,p,99999999999999999999,-;s,0", "b,A,f8,1,-;f,p,1,-;s,0", "b,A,weak_int,1,-;f,p,1,-;s,0",
        "b,A,f32,1;f,p,1,-;s,0", "f,p,1,-;s,1125899906842625"}) {
    CAPTURE(text);
    CHECK_FALSE(lathe::parse_plan(text));
  }
}
