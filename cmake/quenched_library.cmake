# Warnings live in an interface library that is linked only inside the build: presets turn them into errors.
add_library(quenched_warnings INTERFACE)
target_compile_options(quenched_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wno-sign-conversion -Wno-missing-field-initializers $<$<CXX_COMPILER_ID:GNU>:-Wno-psabi>)
# g++ then collects its garbage less often: a fifth of the compile time, for some 200 MB.
target_compile_options(quenched_warnings INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-expand=300;--param=ggc-min-heapsize=1000000>)

# g++ 12 warns of std::string's own code, wrongly (GCC bugs 105329, 105651): for what is full of texts.
set(quenched_false_alarms "$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-array-bounds;-Wno-stringop-overflow>")

# quenched_library(models HEADERS include/quenched/erm.hpp ... SOURCES erm.cpp ... LINK quenched::solver ...)
# One folder, one library, one include root: an include that points up does not compile.
function(quenched_library name)
  cmake_parse_arguments(a "" "" "HEADERS;SOURCES;LINK" ${ARGN})
  set(lib quenched_${name})
  add_library(${lib} ${a_SOURCES})
  add_library(quenched::${name} ALIAS ${lib})
  set_target_properties(${lib} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_sources(${lib} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${a_HEADERS})
  target_compile_features(${lib} PUBLIC cxx_std_20)
  # Without this line a program compiled with other vector flags than the library crashes on Eigen's alignment.
  target_compile_definitions(${lib} PUBLIC EIGEN_MAX_ALIGN_BYTES=64
                             PRIVATE $<$<BOOL:${QUENCHED_DISPATCH}>:QUENCHED_DISPATCH>)
  # No errno: the loops over exp then use glibc's vector library. No contraction: same sums on every processor.
  target_compile_options(${lib} PRIVATE -fno-math-errno -fno-trapping-math -ffp-contract=off -fopenmp-simd)
  target_link_libraries(${lib} PUBLIC ${a_LINK} PRIVATE $<BUILD_INTERFACE:quenched_warnings>)
  install(TARGETS ${lib} EXPORT quenchedTargets FILE_SET HEADERS)
endfunction()
