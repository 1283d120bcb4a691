/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exit codes of a kselftest (tools/testing/selftests/kselftest.h), for code
 * that is not compiled against that header. The wire carries them verbatim.
 */
#ifndef LIB_KTAP_KSFT_H
#define LIB_KTAP_KSFT_H

enum { KSFT_PASS, KSFT_FAIL, KSFT_XFAIL, KSFT_XPASS, KSFT_SKIP };

#endif /* LIB_KTAP_KSFT_H */
