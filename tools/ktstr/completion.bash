# shellcheck shell=bash
# How the table above completes a command line; build/ktstr.bash-completion is
# both together. _ktstr_commands, _ktstr_options, _ktstr_argument and
# _ktstr_words come from the table. Lines on stdout are what is offered.

# the names of the kernels in the cache
_ktstr_kernels()
{
	local cache=${KTSTR_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ktstr} dir

	for dir in "$cache"/kernels/*/; do
		[ ! -d "$dir" ] || basename "$dir"
	done
}

# the names of the suite's tests, asked of what is on the command line
_ktstr_tests()
{
	local word=${COMP_WORDS[0]/#\~/$HOME} args=(test --list)

	[[ $word != *run_tests.sh ]] || args=(--no-build --list)
	"$word" "${args[@]}" 2>/dev/null </dev/null
}

# the lines of stdin that start with $1; they are never expanded, as compgen -W
# would
_ktstr_starting_with()
{
	local line

	while read -r line; do
		[[ $line != "$1"* ]] || printf '%s\n' "$line"
	done
}

# what starts with $2 and is in $1: words, and classes of words with an @
_ktstr_offer()
{
	local word

	for word in $1; do
		case $word in
		@file) compgen -f -- "$2" ;;
		@dir) compgen -d -- "$2" ;;
		@program) compgen -c -f -- "$2" | sort -u ;;
		@kernel)
			_ktstr_kernels | _ktstr_starting_with "$2"
			compgen -f -- "$2" ;;
		@test) _ktstr_tests | _ktstr_starting_with "$2" ;;
		*) _ktstr_starting_with "$2" <<<"$word" ;;
		esac
	done
}

# Bash takes = and : for the ends of words and completes what follows. Sets
# cur, the whole word; prev, the one before it, of --x=y --x; and have, what of
# cur is on the line already and must not be offered again.
_ktstr_split()
{
	local i=$COMP_CWORD

	cur=${COMP_WORDS[i]} have=""
	while [ "$i" -gt 1 ] &&
		[[ ${COMP_WORDS[i]} == : || ${COMP_WORDS[i - 1]} == : ]]; do
		i=$((i - 1))
		cur=${COMP_WORDS[i]}$cur
	done
	[[ $COMP_WORDBREAKS != *:* ]] || have=${cur%"${cur##*:}"}
	prev=${COMP_WORDS[i - 1]}
	if [ "$cur" = = ]; then
		cur=""
	elif [ "$prev" = = ]; then
		prev=${COMP_WORDS[i - 2]}
	fi
}

# complete the words of command $1, of which $2 is the first; run_tests.sh has
# the arguments of ktstr test
_ktstr_command()
{
	local cur prev have class word after_dashes=""

	_ktstr_split
	for word in "${COMP_WORDS[@]:$2:COMP_CWORD-$2}"; do
		[ "$word" != -- ] || after_dashes=1
	done
	if [ -n "$after_dashes" ]; then
		class=@program
	elif class=$(_ktstr_argument "${1/run_tests.sh/test}:$prev"); then
		:
	elif [[ $cur == -* ]]; then
		class=$(_ktstr_options "$1")
	else
		class=$(_ktstr_words "${1/run_tests.sh/test}")
	fi
	mapfile -t COMPREPLY < <(_ktstr_offer "$class" "$cur")
	# no blank after --option=, a slash after a directory; compopt fails
	# outside a completion, as in tests
	case $class in
	*--*) [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace || : ;;
	*@[dfkp]*) compopt -o filenames || : ;;
	esac 2>/dev/null
	[ ${#COMPREPLY[@]} = 0 ] || COMPREPLY=("${COMPREPLY[@]#"$have"}")
}

_ktstr()
{
	COMPREPLY=()
	if [ "$COMP_CWORD" -le 1 ]; then
		mapfile -t COMPREPLY < <(
			# shellcheck disable=SC2154 # from the table
			_ktstr_offer "$_ktstr_commands" "${COMP_WORDS[1]-}")
	else
		_ktstr_command "${COMP_WORDS[1]}" 2
	fi
}

_ktstr_run_tests()
{
	COMPREPLY=()
	_ktstr_command run_tests.sh 1
}

complete -F _ktstr ktstr
complete -F _ktstr_run_tests run_tests.sh
