# Copyright Spack Project Developers. See COPYRIGHT file for details.
#
# SPDX-License-Identifier: (Apache-2.0 OR MIT)

from spack.package import *


class Lathe(CMakePackage):
    """Header-only C++20 library for tensor operators that schedule and tune themselves."""

    license("Apache-2.0 WITH LLVM-exception", checked_by="lathe")

    # No release archives yet: spack install lathe dev_path=/path/to/lathe
    version("0.1.0")

    variant("tools", default=True, description="Install the command line tool")

    depends_on("cxx", type="build")
    depends_on("cmake@3.21:", type="build")
    depends_on("boost@1.74:")  # headers of Hana
    depends_on("cli11", when="+tools", type="build")
    depends_on("nlohmann-json", when="+tools", type="build")
    # Opened at run time; another one: LATHE_LIBLLVM.
    depends_on("llvm@15:19 +llvm_dylib", type="run")

    requires("target=x86_64:", msg="kernels are generated for x86-64")
    conflicts("%gcc@:11", msg="lathe needs C++20 of g++ 12 or newer")
    conflicts("%clang@:13", msg="lathe needs C++20 of clang 14 or newer")

    def cmake_args(self):
        return [
            self.define_from_variant("LATHE_BUILD_TOOLS", "tools"),
            self.define("LATHE_BUILD_TESTS", False),
            self.define("LATHE_BUILD_BENCH", False),
            self.define("LATHE_BUILD_EXAMPLES", False),
        ]

    def setup_run_environment(self, env):
        env.set("LATHE_LIBLLVM", self.spec["llvm"].prefix.lib.join("libLLVM.so"))

    def setup_dependent_run_environment(self, env, dependent_spec):
        self.setup_run_environment(env)
