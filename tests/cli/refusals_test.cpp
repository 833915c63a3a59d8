#include <doctest/doctest.h>

#include <algorithm>

#include "program.hpp"

/// Wrong input: exit 2, one line that names the flag, the value and what is allowed; nothing on standard
/// output.
static void refused(const std::string& arguments, const std::string& named, const std::string& allowed) {
  INFO(arguments);
  const Ran ran = quenched_program(arguments);
  CHECK(ran.status == 2);
  CHECK(ran.out.empty());
  CHECK(std::ranges::count(ran.err, '\n') == 1);
  INFO(ran.err);
  CHECK(ran.err.find(named) != std::string::npos);
  CHECK(ran.err.find(allowed) != std::string::npos);
}

TEST_CASE("numbers out of range") {
  for (const char* command : {"erm", "simulate", "compare"}) {
    const std::string c = command;
    refused(c + " --alpha -1", "--alpha -1", "> 0");
    refused(c + " --alpha nan", "--alpha nan", "> 0");
    refused(c + " --ridge -0.1", "--ridge -0.1", "> 0");
    refused(c + " --ridge-k nan", "--ridge-k nan", "> 0");
    refused(c + " --noise -1", "--noise -1", ">= 0");
    refused(c + " --signal -2", "--signal -2", ">= 0");
    refused(c + " --signal inf", "--signal inf", "finite");
  }
  refused("bayes --alpha 0", "--alpha 0", "> 0");
  refused("bayes --noise nan", "--noise nan", ">= 0");
  refused("population --signal nan", "--signal nan", ">= 0");
  refused("simulate --ridge optimal", "--ridge optimal", "> 0");
  refused("erm --tolerance 0", "--tolerance 0", "between 0 and 1");
  refused("simulate --dimension 1", "--dimension 1", ">= 2");
  for (const char* dimension : {"4294967306", "1000000001", "1e15"})  // the first is 10 modulo 2^32
    refused(std::string("simulate --dimension ") + dimension, "--dimension ", "at most 1000000000");
  refused("simulate --seeds 0", "--seeds 0", ">= 2");
  refused("erm --threads 0", "--threads 0", ">= 1");
  refused("erm --seed 1e20", "--seed 1e+20", "at most");
}

TEST_CASE("samples that cannot be drawn") {
  for (const char* command : {"simulate", "compare"}) {
    refused(std::string(command) + " --dimension 10 --alpha 1e12", "--alpha 1e+12:", "samples");
    refused(std::string(command) + " --dimension 10 --alpha 1e-9", "--alpha 1e-09:", "samples");
  }
}

TEST_CASE("beyond replica symmetry: what rsb and --beyond-rs refuse") {
  refused("rsb --parisi 0", "--parisi 0", "> 0");
  refused("rsb --parisi -3", "--parisi -3", "> 0");
  refused("rsb --parisi 4,nan", "--parisi", "> 0");
  refused("rsb --parisi inf", "--parisi inf", "> 0");
  refused("rsb --parisi best", "--parisi best", "");
  refused("rsb --parisi ''", "--parisi ''", "");
  refused("rsb --ridge optimal", "--ridge optimal", "> 0");
  refused("rsb --alpha -1", "--alpha -1", "> 0");
  refused("rsb --activation hardmax --alpha 2", "hardmax", "length of k");
  refused("erm --parisi 4", "--parisi", "");
  refused("simulate --beyond-rs", "--beyond-rs", "");
}

TEST_CASE("what phase refuses") {
  for (const char* interval : {"2", "3:1", "0:4", "1:2:3", "1:inf", "1,2:3", "''"})
    refused(std::string("phase --noise 0.1 --alpha ") + interval, std::string("--alpha ") + interval, "");
  refused("phase", "--noise 0", "> 0");
  refused("phase --noise 0.1 --signal 0", "--signal 0", "> 0");
  refused("phase --noise 0.1 --of all", "--of all", "bayes, erm");
  refused("phase --of erm --ridge optimal", "--ridge optimal", "> 0");
}

TEST_CASE("impossible overlaps, by the inequality that they violate") {
  refused("population --at m_k=1,q_k=0.5,m_v=1,q_v=1", "--at q_k=0.5", "m_k^2");
  refused("population --at m_k=1,q_k=2,m_v=1,q_v=1.2,m_kv=1.1", "--at q_k=2", "m_k^2 + m_kv^2 = 2.21");
  refused("population --at m_k=1,q_k=2,m_v=1,q_v=1,q_kv=2", "--at q_kv=2", "q_kv^2 <= q_k q_v");
  refused("population --at m_k=1,q_k=2,m_v=1,q_v=1.2,q_kv=1.5", "--at q_kv=1.5",
          "(q_kv - m_k m_vk - m_kv m_v)^2");
  refused("population --at m_k=1,q_k=2,m_v=1,q_v=1.2,m_w=0", "--at", "m_kv=");
  refused("population --at m_k=1,q_k=2,m_v=1,q_v=1.2 --landscape", "--at", "--landscape");
  refused("population --at m_k=1,q_k=2,m_v=1,q_v=1.2,m_k=0.5", "--at m_k=1", "once");
  refused("population --at ''", "--at ''", "m_k=1");
  refused("population --landscape --starts 0", "--starts 0", ">= 1");
  refused("dynamics --at m_k=1,q_k=0.5,m_v=1,q_v=1", "--at q_k=0.5", "m_k^2");
}

TEST_CASE("what amp refuses") {
  refused("amp --of crossing", "--of crossing", "bayes or erm");
  refused("amp --start warm", "--start warm", "random or informed");
  refused("amp --iterations 0", "--iterations 0", ">= 1");
  refused("amp --of erm --ridge optimal", "--ridge optimal", "> 0");
  refused("amp --of erm --activation hardmax", "--activation hardmax", "softmax:8");
}

TEST_CASE("what dynamics refuses") {
  refused("dynamics --time -1", "--time -1", ">= 0");
  refused("dynamics --time 1:2", "--time 1:2", "lo:hi:n");
  refused("dynamics --learning-rate 0", "--learning-rate 0", "> 0");
  refused("dynamics --ridge -1", "--ridge -1", "> 0");
  refused("dynamics --ridge optimal", "--ridge optimal", ">= 0");
  refused("dynamics --method adam", "--method adam", "preconditioned-flow");
  refused("dynamics --start warm", "--start warm", "informed");
  refused("dynamics --start random:-1", "--start random:-1", "random:0.25");
  refused("dynamics --until 0", "--until 0", "> 0");
  refused("dynamics --method flow --dimension 100", "--dimension 100", "sgd");
  refused("dynamics --until 0.5 --dimension 100", "--dimension 100", "--until");
  refused("dynamics --length 2000", "--length 2000", "1833");
  refused("population --landscape --length 2000", "--length 2000", "1833");
  refused("dynamics --dimension 3", "--dimension 3", ">= 4");
  refused("dynamics --points 100", "--points 100", "power of two");
}

TEST_CASE("malformed lists") {
  refused("erm --alpha 5:1:", "--alpha 5:1:", "lo:hi:n");
  refused("erm --alpha 1,,2", "--alpha", "1,2,4");
  refused("erm --length 0", "--length 0", ">= 1");
  refused("bayes --length 1:0.2,3", "--length 1:0.2,3", "sum to 1");
  refused("erm --alpha ''", "--alpha ''", "1,2,4");
  refused("bayes --alpha '1 2'", "--alpha 1 2", "1,2,4");
  refused("phase --noise 0.1 --alpha '1 0:3 0'", "--alpha 1 0", "");
  refused("sweep s.toml --shard '1 0/2'", "--shard 1 0", "");
}

TEST_CASE("an empty name is not the absence of its flag") {
  for (const char* flag : {"--output", "--plot"}) {
    refused(std::string("bayes ") + flag + " ''", std::string(flag) + " ''", "a file");
    refused(std::string("export s.db ") + flag + " ''", std::string(flag) + " ''", "a file");
  }
  refused("bayes --format ''", "--format ''", "table, csv, json");
  refused("activations --format ''", "--format ''", "table, csv, json");
  refused("sweep s.toml --store ''", "--store ''", "a file");
  refused("sweep s.toml --threads ''", "--threads ''", ">= 1");
  refused("reproduce population --output ''", "--output ''", "a folder");
}

TEST_CASE("ridges that contradict each other") {
  const std::string both = "ridge_k or ridge_v";
  refused("erm --ridge optimal --ridge-k 1", "--ridge optimal", both);
  refused("erm --ridge-v 1,2 --ridge optimal", "--ridge optimal", both);
  refused("erm --ridge 0.5 --ridge-k 1 --ridge-v 2", "--ridge 0.5", "at most one");
  const std::string linear = "erm --activation linear --tolerance 1e-2 --format csv --ridge-k 1 ";
  CHECK(quenched_program(linear + "--ridge 0.5").out == quenched_program(linear + "--ridge-v 0.5").out);
}

TEST_CASE("what plot refuses of records that it can read") {
  const Folder folder;
  const std::string records = folder / "b.csv", to = " --output " + (folder / "x.svg");
  REQUIRE(quenched_program("bayes --alpha 1,2 --output " + records).status == 0);
  const std::string plot = "plot " + records + to;
  for (const char* panels : {"zz", "task,zz", "task,task", "task,", "test_error", "certificate"})
    refused(plot + " --panels " + panels, std::string("--panels ") + panels, "length, signal, noise, alpha");
  refused(plot + " --panels ''", "--panels ''", "a parameter");
  refused(plot + " --x zz", "--x zz", "length, signal, noise, alpha");
  refused(plot + " --x start", "--x start", "alpha");
  refused(plot + " --x ''", "--x ''", "a parameter");
  refused(plot + " --y zz", "--y zz", "a quantity");
  refused("plot " + records + " --output ''", "--output ''", ".svg");
  // The data of the picture would overwrite the records, by whatever way they are named.
  refused("plot " + (folder / "./b.csv") + " --output " + (folder / "b.svg"), "--output", "overwrite");
  std::filesystem::create_symlink("b.csv", folder / "link.csv");
  refused("plot " + (folder / "link.csv") + " --output " + (folder / "b.svg"), "--output", "overwrite");
  CHECK_FALSE(std::filesystem::exists(folder / "x.svg"));
  std::ofstream(folder / "map.json") << R"([
    {"command": "phase", "kind": "fixed_point", "branch": "informed", "signal": 1, "alpha": 1, "test_error": 1, "free_entropy": 1},
    {"command": "phase", "kind": "fixed_point", "branch": "informed", "signal": 2, "alpha": 1, "test_error": 1, "free_entropy": 1},
    {"command": "phase", "kind": "alpha_IT", "signal": 1, "alpha": 1}])";
  refused("plot " + (folder / "map.json") + to + " --x signal", "--x signal", "map");
}

TEST_CASE("unknown names list the known ones") {
  refused("frobnicate", "frobnicate", "simulate");
  refused("", "command", "erm");
  refused("erm --activation sofmax", "--activation sofmax", "softmax");
  refused("erm --task spikes", "--task spikes", "spiked");
  refused("erm --start warm", "--start warm", "informed");
  refused("erm --start small", "--start small", "informed");
  refused("erm --start random:0.25", "--start random:0.25", "informed");
  refused("simulate --start random:0", "--start random:0", "random:0.25");
  refused("simulate --trainer bfgs", "--trainer bfgs", "l-bfgs, gradient-descent");
  refused("compare --trainer adam:0", "--trainer adam:0", "> 0");
  refused("simulate --tokens cauchy", "--tokens cauchy", "student-t:5");
  refused("simulate --epochs 0", "--epochs 0", ">= 1");
  refused("erm --tokens uniform", "--tokens", "");
  refused("erm --format xml", "--format xml", "json");
  refused("erm --integration none", "--integration none", "auto");
  refused("bayes --ridge 1", "--ridge", "--help");  // bayes has no ridge
  refused("population --at m_k=1,q_k=2", "--at", "q_v");
}

TEST_CASE("files that cannot be written are refused before anything is computed") {
  refused("erm --output /nonexistent/x.json", "--output /nonexistent/x.json", "No such file");
  refused("erm --output /", "--output /", "directory");
  refused("erm --output x.svg --plot x.svg", "--output x.svg", "overwrite");
  refused("erm --output x.csv --plot x.png", "--output x.csv", "overwrite");
  refused("erm --plot x.bmp", "--plot x.bmp", ".svg");
  refused("erm --plot /nonexistent/x.png", "--plot /nonexistent/x.png", "No such file");
  refused("plot /nonexistent.json --output x.png", "/nonexistent.json", "read");
  refused("plot " QUENCHED_PROGRAM " --output x.png", "FILES", "records");
  refused("plot / --output x.png", "FILES", "can be read");
  refused("plot /dev/zero --output x.png", "FILES /dev/zero", "can be read");
  refused("sweep /dev/zero", "/dev/zero", "TOML file");
}

TEST_CASE("files of records that are nested without end, or lack what they name") {
  const auto refused_records = [](const std::string& name, const std::string& text) {
    const Folder folder;
    std::ofstream(folder / name) << text;
    refused("plot " + (folder / name) + " --output " + (folder / "x.svg"), "FILES", "records");
    CHECK_FALSE(std::filesystem::exists(folder / "x.svg"));
  };
  const std::string open(200'000, '['), close(200'000, ']');
  refused_records("deep.json", R"([{"command": "erm", "x": )" + open + close + "}]");
  std::string name = "a";
  for (int i = 0; i < 200'000; ++i) name += ".a";
  refused_records("deep.csv", "command," + name + "\nerm,1\n");
  refused_records("halves.json", R"([{"command": "compare", "alpha": 1}])");
}

TEST_CASE("lists of more values than a specification may have points") {
  std::string ranges = "1:2:1000000";
  for (int i = 0; i < 3; ++i) ranges += ",1:2:1000000";
  refused("bayes --alpha " + ranges, "--alpha", "at most 1000000");
}

TEST_CASE("generalised linear models") {
  refused("glm --teacher linar", "--teacher linar", "linear-laplace");
  refused("glm --loss sqare", "--loss sqare", "logistic");
  refused("glm --loss hinge", "--loss hinge", "labels in {-1, 1}");
  refused("glm --teacher sign --noise 0.1", "--noise", "needs 0");
  refused("glm --teacher linear-laplace", "--noise 0", "> 0");
  refused("glm --teacher sign:0.7", "--teacher sign:0.7", "[0, 0.5)");
  refused("glm --teacher linear-student-t:2 --noise 0.1", "--teacher linear-student-t:2", "2.5 to 100");
  refused("glm --loss huber:-1", "--loss huber:-1", "> 0");
  refused("glm --strength 0", "--strength 0", "> 0");
  refused("glm --ridge -1", "--ridge -1", "> 0");
  refused("glm --alpha 0", "--alpha 0", "> 0");
  refused("glm --activation softmax", "--activation", "--help");
  refused("glm --ridge-k 1", "--ridge-k", "--help");
  refused("glm-simulate --ridge 0", "--ridge 0", "> 0");
  refused("compare --ridge optimal", "--ridge optimal", "> 0");
  refused("glm-simulate --loss bayes", "--loss bayes", "trained");
  refused("erm --ridge 0", "--ridge 0", "> 0");
}

TEST_CASE("formulas") {
  refused("erm --activation 'kernel:log(1+exp(x)'", "--activation kernel:log(1+exp(x)",
          "column 13: needs ')'");
  refused("simulate --activation 'softmax,elementwise:1 + y'", "--activation elementwise:1 + y",
          "column 5: 'y'");
  refused("population --activation 'kernel:tanh(x)'", "--activation kernel:tanh(x)", "negative at x = -20");
  refused("phase --of erm --activation kernel:", "--activation kernel:", "needs a formula");
  refused("compare --activation 'elementwise:sqrt(x)'", "--activation elementwise:sqrt(x)", "at x = -20");
  refused("erm --activation 'kernel:" + std::string(20000, '(') + "'", "--activation kernel:((",
          "1000 characters");
}

TEST_CASE("figures") {
  refused("reproduce glm-limit", "FIGURE glm-limit", "glm-limits");
  refused("reproduce population --fast --output /dev/null/x", "--output /dev/null/x", "folder");
  refused("reproduce", "FIGURE ''", "glm-limits");
  refused("reproduce glm-limits --threads 0", "--threads 0", ">= 1");
  refused("reproduce glm-limits --output /dev/null/x", "--output /dev/null/x", "folder");
  refused("reproduce glm-limits --output /dev/null", "--output /dev/null", "folder");
}
