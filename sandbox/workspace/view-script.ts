/**
 * Runs one program on a workspace's merged files: in a small read-only root of its own, in a user
 * namespace of the sandbox's range. `view.ts` starts it in a fresh private mount namespace; after
 * the fifteen arguments named in the first lines comes the program.
 */
export const viewScript = `
set -eu
mode=$1 root=$2 repository=$3 tree=$4 jj_folder=$5 source=$6 files=$7 prefix=$8
shift 8
owner_uid=$1 owner_gid=$2 base=$3 mount=$4 unshare=$5 setpriv=$6
shift 6
idmap="u:$owner_uid:$base:1 g:$owner_gid:$base:1"
"$mount" -t tmpfs -o mode=700,size=4m colony-view "$root"
cd "$root"
mkdir lower merged files new
case $mode in
live) "$mount" --bind "$source" merged ;;
folder) "$mount" --bind -o "nosuid,nodev,X-mount.idmap=$idmap" "$source" merged ;;
overlay)
  "$mount" --bind -o "ro,nosuid,nodev,X-mount.idmap=$idmap" "$source" lower
  if [ "$files" = - ]; then
    mkdir files/upper files/work
    chown "$base:$base" files/upper files/work
  else
    "$mount" --bind "$files" files
  fi
  "$mount" -t overlay -o nosuid,nodev,redirect_dir=on,lowerdir=lower,upperdir=files/upper,workdir=files/work \\
    colony-view merged ;;
esac

# The new root: system programs, tools, the store, this workspace; nothing else of the host.
"$mount" -t tmpfs -o mode=755,size=1m colony-view new
mkdir -p new/usr new/dev "new$repository" "new$tree"
: > new/dev/null
"$mount" --bind -o ro,nosuid,nodev /usr new/usr
"$mount" --bind /dev/null new/dev/null
for name in bin lib lib64; do
  if [ -L "/$name" ]; then ln -s "$(readlink "/$name")" "new/$name"
  elif [ -d "/$name" ]; then
    mkdir "new/$name"
    "$mount" --bind -o ro,nosuid,nodev "/$name" "new/$name"
  fi
done
if [ "$prefix" != - ]; then
  mkdir -p "new$prefix"
  "$mount" --bind -o ro,nosuid,nodev "$prefix" "new$prefix"
fi
"$mount" --bind -o "nosuid,nodev,noexec,X-mount.idmap=$idmap" "$repository" "new$repository"
"$mount" --bind merged "new$tree"
if [ "$jj_folder" != - ]; then
  "$mount" --bind -o "nosuid,nodev,noexec,X-mount.idmap=$idmap" "$jj_folder" "new$tree/.jj"
fi

# Files of any uid of the range can be read, whatever their mode; nothing else can be done with it.
exec "$unshare" --user --map-users="0:$base:65536" --map-groups="0:$base:65536" \\
  --setuid 0 --setgid 0 --root "$root/new" --wd "$tree" \\
  "$setpriv" --clear-groups --no-new-privs --inh-caps=-all \\
  --bounding-set=-all,+dac_override,+dac_read_search "$@"
`;
