# An agent that means harm, inside its sandbox: storm.pl TARGET...
#
# Swaps a folder for links out, moves a tracked folder about, makes and removes folders and
# repositories, as fast as it can, until it is killed. Names, not bytes, are what it plays with.
use strict;
use warnings;

my @targets = @ARGV;
my $turn = 0;

sub tell_file {
    my ($path, $text) = @_;
    open(my $file, '>', $path) or return;
    print $file $text;
    close $file;
}

mkdir 'drop';
$| = 1;
print "ready\n";
while (1) {
    my $target = $targets[ $turn++ % @targets ];
    # `drop` is ignored here, and others land files in it.
    rename 'drop', 'drop.real';
    symlink $target, 'drop';
    unlink 'drop';
    rename 'drop.real', 'drop';
    # `src` is tracked, all of it or nothing.
    rename 'src', 'moved';
    symlink $target, 'src';
    unlink 'src';
    rename 'moved', 'src';
    mkdir 'lib/.git';
    rmdir 'lib/.git';
    mkdir 'new';
    mkdir 'new/deep';
    tell_file('new/deep/file', 'x');
    unlink 'new/deep/file';
    symlink '/', 'new/deep/file';
    unlink 'new/deep/file';
    rmdir 'new/deep';
    symlink '..', 'new/deep';
    unlink 'new/deep';
    rmdir 'new';
}
