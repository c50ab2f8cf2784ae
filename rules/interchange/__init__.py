"""Tables as other engines write them, read into files of ours and written from them: DMN and JDM."""
