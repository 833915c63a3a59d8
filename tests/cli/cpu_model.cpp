// What libgcc tells the resolvers of target_clones about the processor, replaced: the program linked with
// this file takes the clones of one instruction set, whatever the processor has beyond it. (libgcc's own
// object is not linked when both symbols are defined; the layout is that of
// gcc/common/config/i386/cpuinfo.h.)
namespace {
constexpr unsigned sse2 = 1u << 4, avx2 = 1u << 10, avx512f = 1u << 15;
}

extern "C" {
struct CpuModel {
  unsigned vendor, type, subtype, features[1];
};
extern CpuModel __cpu_model;  // NOLINT(bugprone-reserved-identifier)
CpuModel __cpu_model = {1, 0, 0, {QUENCHED_FEATURES}};
int __cpu_indicator_init() { return 0; }  // NOLINT(bugprone-reserved-identifier)
}
