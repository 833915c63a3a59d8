#include "lists.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <quenched/invalid_input.hpp>

using namespace quenched::apps;
using Numbers = std::vector<double>;

TEST_CASE("lists and ranges") {
  CHECK(numbers("alpha", "4") == Numbers{4});
  CHECK(numbers("alpha", "1, 2,4") == Numbers{1, 2, 4});
  CHECK(numbers("alpha", " 1 , 2 : 4 : 2 ") == Numbers{1, 2, 4});
  CHECK(numbers("alpha", "0.5:20:40").size() == 40);
  CHECK(numbers("alpha", "1:3:3,7") == Numbers{1, 2, 3, 7});
  CHECK(numbers("alpha", "3:1:3") == Numbers{3, 2, 1});
  const auto log = numbers("alpha", "0.1:10:3:log");
  CHECK(log.front() == 0.1);
  CHECK(log[1] == doctest::Approx(1));
  CHECK(log.back() == 10);  // both ends exactly
  CHECK(std::isinf(numbers("signal", "inf")[0]));
}

TEST_CASE("malformed numbers are refused") {
  for (const char* text :
       {"",      "a",       "1,",        ",1",      "1,,2",      "5:1:",          "1:2", "1:2:3:4",
        "1:2:1", "1:2:2.5", "0:1:3:log", "nan:1:3", "1:inf:3",   "1:2:3:log:log", "1e",  "0x10",
        "1 2:3", "1 2",     "1 . 5",     "1e 2",    "1 0:3 0:3", "1:3:3 0",       "- 1", "1:2:9999999999"})
    CHECK_THROWS_AS(static_cast<void>(numbers("alpha", text)), quenched::InvalidInput);
}

TEST_CASE("the law of the prompt length") {
  CHECK(length_law("2")[0].tokens == 2);
  const auto uniform = length_law("1,2,3");
  CHECK(uniform.size() == 3);
  CHECK(uniform[1].weight == doctest::Approx(1 / 3.));
  const auto weighted = length_law("1:0.2,3:0.8");
  CHECK(weighted[1].tokens == 3);
  CHECK(weighted[1].weight == 0.8);
  CHECK(length_law("1 : 0.2, 3: 0.8")[1].weight == 0.8);
  for (const char* text : {"0", "-1", "", "1:0.2,3", "1:0.2,3:0.7", "1.5", "2:", "1 2", "1:0. 2,3:0.8",
                           "1:-1,2:2", "1:nan", "two"})
    CHECK_THROWS_AS(static_cast<void>(length_law(text)), quenched::InvalidInput);
}

TEST_CASE("a comma within parentheses belongs to the word") {
  CHECK(words("softmax,kernel:max(x,0),erf:-1") ==
        std::vector<std::string>{"softmax", "kernel:max(x,0)", "erf:-1"});
}
