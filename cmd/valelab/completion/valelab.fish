# What fish completes a command line of valelab with. It asks the program itself.

function __valelab_complete
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] "$last" 2>/dev/null)
        switch $line
            case :file
                __fish_complete_path "$last"
            case :labfile
                __fish_complete_suffix .yml .yaml
            case '*'
                echo $line
        end
    end
end

complete -c valelab -f -a '(__valelab_complete)'
